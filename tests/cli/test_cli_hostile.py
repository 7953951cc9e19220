"""Hostile texts as ids and names through every command: they come out as text, never as code, and no secret comes out at all."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest

from graphkit.cli import run

SECRET = "gk-canary-'\"\\é-27182"
IDS = (
    "'}) DETACH DELETE n //",
    "`}) DETACH DELETE n //",
    "$id",
    "<script>alert('gk')</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|'/c calc'!A0",
    "@SUM(1+1)*cmd",
    "-2+3+cmd",
    "{{7*7}}",
    "{% raw %}",
    "{0.__class__}",
    "%(x)s %s %d",
    "${7*7}",
    "[bold red]x[/]",
    "[/]",
    "$\\frac{}{",
    "$(touch gk-pwned)",
    "`touch gk-pwned`",
    "; touch gk-pwned #",
    "../../gk-pwned",
    "/gk-pwned",
    "..",
    "a\\b",
    "\\u0027}) DELETE n //",
    "javascript:alert(1)",
    "]]><!--",
    "\u202egpj.exe",
    "a,b;c",
    "b:天猫",
    'O\'Brien "x"',
    "NaN",
    "None",
)
NAMES = (
    *IDS,
    "\x1b[31mred\x1b]0;title\x07",
    "\x9b31mred",
    "two\ttabs",
    "=1+1\tx",
    "</title><svg onload=alert(1)>",
    "&lt;b&gt;",
    "x" * 3000,
)
DROPPED = ("onerror", "onload")  # attributes no page of ours has


class Page(HTMLParser):
    """Tags and attributes of a page as a browser sees them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = set(), {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")

    def handle_data(self, data):
        self.words.append(data)


def write(path, head, rows):
    """One CSV file; values with anything odd are quoted by the csv module."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(head)
        out.writerows(rows)


def market(root):
    """A small market whose ids and names are all hostile."""
    n = len(IDS)
    name = lambda i: NAMES[i % len(NAMES)]
    users, ids = [f"u{i:02d}{IDS[i % n]}" for i in range(2 * n)], list(IDS)
    (root / "dataset.toml").parent.mkdir(parents=True, exist_ok=True)
    (root / "dataset.toml").write_text('name = "<b>{{7*7}}</b>"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    nodes, ties = root / "nodes", root / "relationships"
    write(
        nodes / "user.csv",
        ["id", "consent", "age", "region"],
        [[u, "true", 20 + i % 40, name(i)] for i, u in enumerate(users)],
    )
    write(
        nodes / "channel.csv",
        ["id", "name", "kind", "cost", "platform"],
        [[c, name(i), "kol", 10 + i, name(i + 3)] for i, c in enumerate(ids)],
    )
    write(
        nodes / "film.csv",
        ["id", "name", "name_en", "summary"],
        [[c, name(i + 1), name(i + 2), f"{name(i)} {name(i + 4)} touch script"] for i, c in enumerate(ids)],
    )
    write(
        nodes / "course.csv",
        ["id", "name", "summary"],
        [[c, name(i + 5), f"{name(i)} {name(i + 4)} alert"] for i, c in enumerate(ids)],
    )
    write(
        nodes / "brand.csv",
        ["id", "name", "role", "ours", "willingness"],
        [[c, name(i + 7), "consumer_brand", str(i == 0).lower(), 0.5] for i, c in enumerate(ids)],
    )
    write(nodes / "tag.csv", ["id", "name", "kind"], [[c, name(i + 9), "theme"] for i, c in enumerate(ids)])
    write(
        nodes / "offer.csv",
        ["id", "kind", "name", "unit_cost", "uptake"],
        [[c, "coupon", name(i + 2), 5, 0.1] for i, c in enumerate(ids)],
    )
    write(
        nodes / "partnership.csv",
        ["id", "status", "kind", "ends_ts", "title"],
        [[c, "ended", "co_branding", 1_600_000_000 + i, name(i)] for i, c in enumerate(ids)],
    )
    write(
        ties / "knows.csv",
        ["source", "target"],
        [sorted((users[i], users[(i + 1) % len(users)]), key=lambda x: x.encode()) for i in range(len(users))],
    )
    write(
        ties / "reaches.csv",
        ["source", "target", "p"],
        [[c, users[(3 * i + k) % len(users)], 0.5] for i, c in enumerate(ids) for k in range(8)],
    )
    write(
        ties / "follows__user__brand.csv",
        ["source", "target"],
        [[u, ids[(i + k) % n]] for i, u in enumerate(users) for k in range(3)],
    )
    write(
        ties / "watched.csv",
        ["source", "target", "n"],
        [[u, ids[(i * k) % n], 1] for i, u in enumerate(users) for k in (1, 5)],
    )
    write(
        ties / "enrolled.csv",
        ["source", "target", "progress"],
        [[u, ids[(i * k + 2) % n], 1] for i, u in enumerate(users) for k in (1, 5)],
    )
    write(ties / "requires.csv", ["source", "target"], [[a, b] for a, b in zip(ids[1:], ids, strict=False)])
    for kind in ("film", "course", "brand"):
        write(
            ties / f"has_tag__{kind}__tag.csv",
            ["source", "target", "w"],
            [[c, ids[(i + k) % n], 0.5] for i, c in enumerate(ids) for k in range(4)],
        )
    write(
        ties / "joins__partnership__brand.csv",
        ["source", "target", "role"],
        [[c, ids[(i + k) % n], "partner"] for i, c in enumerate(ids) for k in range(3)],
    )
    write(
        root / "events" / "likes.csv",
        ["ts", "user", "kind", "item_label", "item"],
        [
            [1_700_000_000 + 100 * i + k, users[(i * 7 + k) % len(users)], "like", "Film", ids[i % n]]
            for i in range(3 * n)
            for k in range(4)
        ],
    )
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with the hostile market, loaded, planned and kept; commands run in it, with a password in the environment."""
    root = tmp_path_factory.mktemp("hostile")
    market(root / "data")
    (root / "work").mkdir()
    (root / "rules.json").write_text(json.dumps({"starts_ts": 1_700_000_000, "gap_days": 3}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphkit.cli.context.install", lambda: None)
        patch.chdir(root / "work")
        patch.setenv("NEO4J_PASSWORD", SECRET)
        patch.setenv("XDG_STATE_HOME", str(root / "state"))
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        for args in (
            ("load", root / "data", "-o", root / "load.json"),
            ("learn", "--events", root / "data", "-o", root / "learn.json"),
            (
                "plan",
                "--for",
                FILM,
                "--budget",
                60,
                "--rules",
                root / "rules.json",
                "--write",
                "--format",
                "json",
                "-o",
                root / "plan.json",
            ),
        ):
            assert run(["--store", str(root / "store"), *map(str, args)]) == 0
        yield root


@pytest.fixture
def gk(home, capsys):
    """Run a command on the store; return (status, stdout, stderr)."""

    def call(*args, store=None):
        code = run(["--store", str(store or home / "store"), *(str(arg).replace("ROOT", str(home)) for arg in args)])
        return code, *capsys.readouterr()

    return call


FILM, USER, BRAND = f"Film:{IDS[3]}", f"u03{IDS[3]}", f"Brand:{IDS[4]}"
COMMANDS = [
    ("check", "ROOT/data"),
    ("load", "ROOT/data", "--dry-run"),
    ("doctor",),
    ("plan", "--for", FILM, "--budget", 60, "--probability", "none"),
    ("explain", "ROOT/plan.json"),
    ("evidence", "ROOT/plan.json"),
    ("partners", "--for", FILM, "--max", 3, "--split"),
    ("partners", "--for", BRAND, "--max", 3),
    ("rank", FILM, "--to", "Brand"),
    ("match", FILM, "--to", "Course"),
    ("search", "touch script"),
    ("search", IDS[3]),
    ("recommend", USER),
    ("profile", USER),
    ("profile", "--audience", FILM, "--min-cell", 1),
    ("tag", "--in", "Film"),
    ("path", IDS[5]),
    ("communities", "--members"),
    ("overlap", f"Channel:{IDS[0]}", f"Channel:{IDS[1]}", BRAND),
    ("simulate", "--seeds", USER, "--worlds", 50),
    ("seeds", "--k", 3),
    ("offers", "list"),
    ("whatif", "ROOT/plan.json", "--budget", 30),
    ("verify", "ROOT/plan.json"),
    ("evaluate", "ROOT/plan.json", "--events", "ROOT/data"),
    ("query", "channels/audience"),
    ("query", "partners/theme", "--param", f"id={IDS[3]}"),
    ("query", "partners/will"),
]
SLOW = ("whatif", "verify", "evaluate", "seeds")
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.mark.parametrize(
    "args", COMMANDS, ids=[" ".join(map(str, args))[:24].encode("ascii", "replace").decode() for args in COMMANDS]
)
def test_data_comes_out_as_text(gk, args):
    """In every format: no terminal code, no formula, no secret, valid JSON, and the exit code of success."""
    for form in ("table", "csv", "json") if args[0] not in SLOW else ("table",):
        code, out, err = gk(*args, "--format", form)
        assert code == 0, err
        assert SECRET not in out + err
        assert not STEERING.search(err)
        if form == "csv":
            cells = [cell for row in csv.reader(io.StringIO(out)) for cell in row]
            assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell[:1] and not is_number(cell)]
        else:
            assert not STEERING.search(out)
        if form == "json":
            json.loads(out)


def is_number(text):
    """A negative number is no formula."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_values_come_back_verbatim(gk):
    """What was loaded is what a query returns: every id, every name, character by character."""
    gk("query", "--list")
    (code, out, err) = gk(
        "query",
        "--file",
        write_text("MATCH (n:Film) RETURN n.id AS id, n.name AS name ORDER BY id"),
        "--format",
        "json",
    )
    assert code == 0, err
    assert {row["id"]: row["name"] for row in json.loads(out)} == {
        id_: NAMES[(i + 1) % len(NAMES)] for i, id_ in enumerate(IDS)
    }


def write_text(text):
    """A query file in the folder where the commands run."""
    with open("own.cypher", "w", encoding="utf-8") as file:
        file.write(text)
    return "own.cypher"


@pytest.mark.parametrize("lang", ["zh+en", "zh", "en"])
def test_page_holds_text_only(gk, home, lang):
    """A browser finds no script, no handler, no link to elsewhere, no picture, and every name as it was typed."""
    code, _, err = gk("report", "ROOT/plan.json", "-o", "ROOT/plan.html", "--lang", lang)
    assert code == 0, err
    text = (home / "plan.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not page.tags & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "link",
        "base",
        "foreignobject",
        "image",
        "use",
    }
    assert not [
        name for name in page.attributes if name.startswith("on") or name in ("src", "xlink:href", "srcset", "action")
    ]
    assert all(link.startswith("#") for link in page.attributes["href"])
    assert not STEERING.search(text)
    bought = [item["channel"] for item in json.loads((home / "plan.json").read_text())["items"]]
    words = "".join(page.words)
    assert bought
    assert all(name in words for name in bought)


def test_calendar_holds_no_line_of_the_data(gk, home):
    """A name cannot end an event or begin a property; a plan id from a file cannot either."""
    plan = json.loads((home / "plan.json").read_text())
    plan["plan"] = "P-1\r\nEND:VEVENT\r\nATTACH:file:///etc/passwd"
    plan["items"][0]["name"] = "x\nEND:VEVENT\u2028ATTENDEE:mailto:a@b"
    (home / "odd.json").write_text(json.dumps(plan))
    code, _, err = gk("export", "ROOT/odd.json", "--ics", "ROOT/odd.ics", "--csv", "ROOT/odd.csv")
    assert code == 0, err
    known = {
        "BEGIN",
        "END",
        "VERSION",
        "PRODID",
        "CALSCALE",
        "UID",
        "DTSTAMP",
        "DTSTART",
        "DTEND",
        "SUMMARY",
        "DESCRIPTION",
        "TRANSP",
    }
    lines = (home / "odd.ics").read_bytes().decode().split("\r\n")[:-1]
    assert {line.partition(":")[0] for line in lines if not line.startswith(" ")} == known
    assert lines.count("END:VEVENT") == len(plan["items"])


def test_exports_name_files_by_the_model(gk, home):
    """No id or name becomes part of a path or of the import script."""
    for kind in ("parquet", "neo4j-import"):
        code, _, err = gk("export", f"ROOT/{kind}", "--as", kind)
        assert code == 0, err
        names = [path.relative_to(home / kind).as_posix() for path in (home / kind).rglob("*")]
        assert all(re.fullmatch(r"[a-z0-9_./]+", name) for name in names)
    assert "pwned" not in (home / "neo4j-import" / "import.sh").read_text()


@pytest.mark.parametrize("text", [IDS[1], IDS[3], IDS[11], IDS[16], IDS[19], "\x1b[31mred"])
def test_hostile_arguments_are_refused_as_text(gk, home, text):
    """As a name of anything: a documented exit code, one sentence, nothing run and nothing written."""
    for args in (
        ("rank", f"Film:{text}~", "--to", "Brand"),
        ("report", text),
        ("query", text),
        ("query", "--file", text),
        ("load", text),
        (text,),
        ("plan", f"--{text}"),
        ("plan", "--for", text, "--budget", "1"),
        ("plan", "--for", FILM, "--budget", 60, "--target", f"region = {text}"),
        ("evidence", "ROOT/plan.json", "--claim", text),
        ("query", "partners/theme", "--param", text),
        ("whatif", "ROOT/plan.json", "--drop", f"{text}~"),
        ("load", "ROOT/data", "--mapping", text),
    ):
        code, out, err = gk(*args)
        assert code in (2, 3), (args, code, err)
        assert "Error" in err
        assert not STEERING.search(out + err)
    assert not list(home.rglob("gk-pwned*"))


def test_no_secret_in_anything_written(gk, home, monkeypatch):
    """Success, a refused server, a bug with -v: the password stands in no file, no stream and no argument."""
    spellings = (SECRET, repr(SECRET)[1:-1], json.dumps(SECRET)[1:-1])
    said = [
        gk("-v", "plan", "--for", FILM, "--budget", 60, store="bolt://127.0.0.1:1"),
        gk("doctor", "--settings"),
        gk("doctor", store="bolt://127.0.0.1:1"),
    ]

    def broken(*_, **__):
        raise RuntimeError(f"login with {SECRET!r} as {json.dumps(SECRET)}")

    monkeypatch.setattr("graphkit.store.open.open_store", broken)
    bug = gk("-vv", "communities")
    assert bug[0] == 1
    assert "Traceback" not in bug[2]
    for _, out, err in [*said, bug]:
        assert not [s for s in spellings if s in out + err]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert [path for path in files if path.parent.parent == home / "state"]
    assert not [path for path in files for s in spellings if s.encode() in path.read_bytes()]
