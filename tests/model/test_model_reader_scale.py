"""Many bad rows cost as much as many good ones, and each is found where it stands."""

import json
import time

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.projection.load import load_directory
from graphkit.store.files import check_directory
from graphkit.store.open import open_store

ROWS = 20_000
LIMIT = 6.0  # processor seconds; each case took 23 to 43 while its time grew with the square of the rows


def directory(root, **files):
    """An input directory; `nodes__brand` stands for nodes/brand.csv."""
    for name, text in files.items():
        place = root / (name.replace("__", "/", 1) + ".csv")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    (root / "dataset.toml").write_text('name = "t"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    return root


BAD = {
    "quotes beside text": ({"nodes__brand": lambda i: f'b{i},"x"y'}, "id,name", "quote"),
    "lists with gaps": ({"nodes__user": lambda i: f"u{i},true,plan;;w{i}"}, "id,consent,consent_scope", "list"),
    "dates of another form": ({"nodes__user": lambda i: f"u{i},true,31/12/{i}"}, "id,consent,registered_ts", "time"),
    "numbers too long": ({"nodes__user": lambda i: f"u{i},true,{10**20 + i}"}, "id,consent,age", "range"),
}


@pytest.mark.parametrize("case", BAD)
def test_every_row_bad_takes_seconds(tmp_path, case):
    """Each row is rejected, and the first one named with its line."""
    (file, header, rule) = BAD[case]
    text = {name: "\n".join([header, *map(row, range(ROWS))]) + "\n" for name, row in file.items()}
    begin = time.process_time()
    report = check_directory(directory(tmp_path, **text))
    assert time.process_time() - begin < LIMIT
    assert (report.rows_in, report.rejected, report.loaded) == (ROWS, ROWS, 0)
    assert report.findings[0].rule == rule
    assert report.findings[0].line == 2


def test_repeated_and_settled_rows_take_seconds(tmp_path):
    """A node table read from the rows of ratings repeats its ids; ties that differ are settled by their maximum."""
    ids = [f"u{i % 500}" for i in range(ROWS)]
    users = "id,consent\n" + "".join(f"{i},true\n" for i in ids)
    ties = "source,target,p\n" + "".join(f"c,u{i % 500},0.{1 + i // 500 % 9}\n" for i in range(ROWS))
    root = directory(
        tmp_path, nodes__user=users, nodes__channel="id,name,kind,cost\nc,c,kol,1\n", relationships__reaches=ties
    )
    begin = time.process_time()
    report = check_directory(root, on_duplicate="max")
    assert time.process_time() - begin < LIMIT
    assert (report.rows_in, report.rejected) == (2 * ROWS + 1, 0)
    assert report.by_label == {"Channel": 1, "User": 500}
    assert report.by_type == {"REACHES": 500}
    assert report.duplicates == 2 * ROWS - 1000
    kept = [f for f in report.findings if f.rule == "duplicate"]
    more = [f for f in report.findings if f.rule == "more" and f.file == "nodes/user.csv"]
    assert len(kept) + int(more[0].value) == ROWS - 500
    assert kept[0].line == 502  # the 501st row is the first that repeats an id


def test_a_long_chain_of_prerequisites_takes_seconds(tmp_path):
    """No cycle in 20,000 courses one after the other, one where the last leads back."""
    courses = "id,name\n" + "".join(f"k{i},k\n" for i in range(ROWS))
    chain = "source,target\n" + "".join(f"k{i + 1},k{i}\n" for i in range(ROWS - 1))
    begin = time.process_time()
    assert check_directory(directory(tmp_path, nodes__course=courses, relationships__requires=chain)).ok
    report = check_directory(directory(tmp_path, relationships__requires=chain + f"k0,k{ROWS - 1}\n"))
    assert time.process_time() - begin < 2 * LIMIT
    assert report.rejected == ROWS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=14, unique=True))
def test_only_rows_on_a_cycle_are_put_aside(tmp_path_factory, pairs):
    """Against NetworkX: both ends in one strong component; a way from one cycle to another is no cycle."""
    root = directory(
        tmp_path_factory.mktemp("cycle"),
        nodes__course="id,name\n" + "".join(f"k{i},k\n" for i in range(8)),
        relationships__requires="source,target\n" + "".join(f"k{a},k{b}\n" for a, b in pairs),
    )
    part = {node: i for i, nodes in enumerate(nx.strongly_connected_components(nx.DiGraph(pairs))) for node in nodes}
    wanted = [i + 2 for i, (a, b) in enumerate(pairs) if part[a] == part[b]]
    report = check_directory(root)
    assert [f.line for f in report.findings if f.rule == "cycle"] == wanted
    assert report.rejected == len(wanted)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_dead_letters_tell_where_their_bytes_stand(tmp_path, mark):
    """Offsets count a byte order mark, for rows of a wrong shape, of broken bytes and of wrong values."""
    data = mark + "id,name\nb1,咖啡\nb2,x,y\nb3,\nb4,课堂\n".encode() + b"b5,\xff\n"
    root = directory(tmp_path / "in", nodes__brand=data)
    with open_store(tmp_path / "store") as store:
        load_directory(store, root, max_bad=3)
    (place,) = (tmp_path / "store" / "reports").glob("dead-*.ndjson")
    rows = [json.loads(line) for line in place.read_text().splitlines()]
    assert sorted(row["line"] for row in rows) == [3, 4, 6]
    assert sorted(data[row["offset"] :].split(b"\n")[0] for row in rows) == [b"b2,x,y", b"b3,", b"b5,\xff"]
    (said,) = [f.message for f in check_directory(root).findings if f.rule == "encoding"]
    assert said == f"byte {len(data) - 2} (0xff) is not UTF-8"


def test_bytes_of_another_encoding_have_no_offset(tmp_path):
    """The row is kept as UTF-8, so that its place in the file would be a guess."""
    root = directory(tmp_path, nodes__brand="id,name\nb1,咖啡,y\nb2,课\n".encode("gb18030"))
    report = check_directory(root, encoding="gb18030")
    (row,) = report.dead_letters
    assert (row.line, row.offset, row.raw.decode()) == (2, None, "b1,咖啡,y")
    assert report.loaded == 1
