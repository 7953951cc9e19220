"""Somebody who maps foreign files for the first time is told what to write next."""

import pytest

from graphkit.store.files import check_directory, read_directory

HEAD = 'name = "m"\ncurrency = "EUR"\ntime_zone = "UTC"\n'
USERS = '[[nodes]]\nfile = "r.csv"\nlabel = "User"\nid = "who"\nconstants = { consent = true }\n'
FILMS = '[[nodes]]\nfile = "r.csv"\nlabel = "Film"\nid = "film"\ncolumns = { name = "film" }\n'
RATED = '[[relationships]]\nfile = "r.csv"\ntype = "RATED"\nsource = "who"\ntarget = { column = "film", label = "Film" }\ncolumns = { rating = "stars" }\n'


def foreign(root, mapping, rows="u1,f1,4,true,x\nu1,f2,5,false,x\nu2,f1,3,TRUE,x\n"):
    """Ratings alone, and a mapping of them outside the directory."""
    (root / "in").mkdir()
    (root / "in" / "r.csv").write_text("who,film,stars,seen,odd\n" + rows)
    (root / "m.toml").write_text(HEAD + mapping)
    return {"path": root / "in", "mapping": root / "m.toml"}


@pytest.mark.parametrize(
    ("mapping", "said", "hint"),
    [
        (USERS.replace("User", "Movie"), "unknown label 'Movie'", "graphkit schema describe lists labels"),
        (RATED.replace("RATED", "OFFERED_BY"), "unknown relationship type 'OFFERED_BY'", "graphkit schema describe"),
        (USERS.replace("consent = true", 'consent = "yes"'), "constant consent = 'yes'", "consent is of type BOOLEAN"),
        (
            FILMS + 'constants = { kind = "movie" }\n',
            "constant kind = 'movie' does not fit Film",
            "of the words animation, ",
        ),
        (USERS.replace("consent = true", "consentt = true"), "constant consentt", "did you mean 'consent'?"),
        (FILMS + 'constants = { id = "k" }\n', "constant id cannot be given to Film", "each row has its own id"),
        (
            USERS.replace("= true", '= true, community = "3"'),
            "constant community cannot be given",
            "writes its results",
        ),
        (FILMS + 'constants = { name_en = "" }\n', "constant name_en = ''", "of type STRING"),
        (FILMS + 'constants = { region = "two\\nlines" }\n', "constant region", "of type STRING"),
        (FILMS.replace("Film", "Brand") + "constants = { resources = [] }\n", "constant resources = []", "LIST"),
        (USERS + "where = { seen = { not = true } }\n", "where compares seen with a value", "where = { seen = ["),
        (USERS + "where = { seen = [] }\n", "where compares seen with a value", "where = { seen = ["),
    ],
)
def test_a_mapping_that_cannot_be_says_what_can(tmp_path, mapping, said, hint):
    """One finding, and none on a dataset.toml whose words the mapping gives."""
    (finding,) = check_directory(**foreign(tmp_path, mapping)).findings
    assert said in finding.message
    assert hint in finding.hint


def test_ends_without_nodes_say_how_to_map_them(tmp_path):
    """Following the hint loads every row: ids of nodes come from the columns of the ratings."""
    report = check_directory(**foreign(tmp_path, RATED + FILMS))
    hints = {f.hint for f in report.findings if f.rule == "unknown-node"}
    assert hints == {
        'map a [[nodes]] table of label = "User"; it may take its id from this very column, or load with --create-missing'
    }
    (tmp_path / "m.toml").write_text(HEAD + RATED + FILMS + USERS)
    report = check_directory(tmp_path / "in", mapping=tmp_path / "m.toml")
    assert report.ok
    assert (report.by_label, report.by_type) == ({"Film": 2, "User": 2}, {"RATED": 3})
    assert (report.rows_in, report.duplicates) == (9, 2)


def test_where_takes_truth_as_files_write_it(tmp_path):
    """true in TOML stands for true, True and TRUE in a cell."""
    mapping = FILMS + USERS + RATED + "where = { seen = true }\n"
    assert check_directory(**foreign(tmp_path, mapping)).by_type == {"RATED": 2}


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('currancy = "CNY"\n', "unknown key 'currancy'", "did you mean 'currency'?"),
        ("[reach_p]\ncinme = 0.1\n", "unknown key 'cinme' in [reach_p]", "did you mean 'cinema'?"),
        (
            '[event_weights]\nview = 1\nname = "x"\n',
            "unknown key 'name' in [event_weights]",
            "write name above the first",
        ),
        ('[keep]\nUsr = ["age"]\n', "[keep] names 'Usr', which is no file", "did you mean 'User'?"),
        ('[keep]\nUser = ["colur"]\n', "[keep] names column 'colur' of User", "did you mean 'colour'?"),
        (
            '[encoding]\n"nodes/usr.csv" = "big5"\n',
            "[encoding] names 'nodes/usr.csv'",
            "did you mean 'nodes/user.csv'?",
        ),
        ('[encoding]\n"nodes/user.csv.gz" = "big5"\n', "which is no file here", "did you mean 'nodes/user.csv'?"),
    ],
)
def test_a_key_that_nothing_reads_is_refused_with_the_nearest_one(tmp_path, text, said, hint):
    """It would change nothing, without a word; `currency` would just be missing."""
    report = check_directory(plain(tmp_path, text))
    (finding,) = [f for f in report.findings if f.severity == "error"]
    assert (finding.rule, finding.file) == ("dataset", "dataset.toml")
    assert said in finding.message
    assert hint in finding.hint
    assert finding.line == 1 + text.count("\n", 0, -1)


@pytest.mark.parametrize(
    "text",
    [
        '[keep]\nUser = ["colour"]\nall = ["colour:string[]"]\nuser = ["colour"]\n',
        '[keep]\nfilm = ["origin"]\nFOLLOWS = ["how"]\n"relationships/knows.csv" = ["since"]\n',
        '[encoding]\n"nodes/user.csv" = "utf-8"\n"events/autumn.csv" = "gb18030"\n',
        'event_time_unit = "ms"\n',
        '[notes]\nlicence = "open"\nmade = 2026-11-01\n',
        "[reach_p]\ncinema = 0.1\nopening = 0.2\nplacement = 0.3\n",
    ],
)
def test_what_the_settings_may_say_is_accepted(tmp_path, text):
    """Names of files that are not there tonight included."""
    assert check_directory(plain(tmp_path, text)).ok


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('licence = "open"\n', "unknown key 'licence'", "words of your own stand under [notes]"),
        ('[keep]\nUser = ["colour", "hat"]\n', "[keep] names column 'hat' of User", "known: colour"),
    ],
)
def test_what_looks_like_no_key_is_reported(tmp_path, text, said, hint):
    """Somebody else's words do not refuse a night's load, as a column that nothing reads does not."""
    report = check_directory(plain(tmp_path, text))
    assert report.ok
    (finding,) = [f for f in report.findings if said in f.message]
    assert (finding.rule, finding.severity, finding.file) == ("dataset", "warning", "dataset.toml")
    assert hint in finding.hint


def plain(root, text):
    """A directory of the plain layout with one column to keep."""
    (root / "nodes").mkdir()
    (root / "nodes" / "user.csv").write_text("id,consent,colour\nu1,true,red\n")
    (root / "dataset.toml").write_text(text)
    return root


def test_findings_name_the_columns_of_the_file(tmp_path):
    """Two labels of one file keep their ids in columns of their own; neither is called id, and each is a cause of its own."""
    (tmp_path / "all.csv").write_text(
        "art,brand key,film key,title,who,to whom,begin,end\n"
        "brand,b1,,Tea,,,,\nbrand,b1,,Cake,,,,\nbrand,1,,x,,,,\nbrand,01,,x,,,,\n"
        "film,,f1,One,,,,\nfilm,,f1,Two,,,,\n"
        "has,,,,1,f1,20,10\nput,,,,1,f9,,\n",
        encoding="utf-8",
    )
    (tmp_path / "dataset.toml").write_text(
        'name = "x"\ncurrency = "CNY"\ntime_zone = "UTC"\n'
        '[[nodes]]\nfile = "all.csv"\nwhere = { art = "brand" }\nlabel = "Brand"\nid = "brand key"\ncolumns = { name = "title" }\n'
        '[[nodes]]\nfile = "all.csv"\nwhere = { art = "film" }\nlabel = "Film"\nid = "film key"\ncolumns = { name = "title" }\n'
        'constants = { kind = "film" }\n'
        '[[relationships]]\nfile = "all.csv"\nwhere = { art = "has" }\ntype = "HOLDS_RIGHTS"\n'
        'source = { column = "who", labels = ["Brand"] }\ntarget = { column = "to whom", labels = ["Film"] }\n'
        'columns = { from_ts = "begin", to_ts = "end" }\nconstants = { uses = ["promote"], territory = ["CN"] }\n'
        '[[relationships]]\nfile = "all.csv"\nwhere = { art = "put" }\ntype = "PLACED_IN"\n'
        'source = { column = "who", labels = ["Brand"] }\ntarget = { column = "to whom", labels = ["Film"] }\n',
        encoding="utf-8",
    )
    found = check_directory(tmp_path).findings
    places = {(f.rule, f.column, f.line, f.value) for f in found if f.rule not in ("file-ignored", "unknown-column")}
    assert {
        ("conflict", "brand key", 2, "b1"),
        ("conflict", "brand key", 3, "b1"),
        ("conflict", "film key", 6, "f1"),
        ("ids-alike", "brand key", None, "1"),
        ("window", "end", 8, "10"),
        ("unknown-node", "to whom", 9, "f9"),
    } <= places, places
    assert not {"id", "source", "target", "to_ts"} & {f.column for f in found}


@pytest.mark.parametrize("plain", [False, True])
def test_two_columns_are_not_kept_under_one_name(tmp_path, plain):
    """Of rank:int and rank:string one would take the other's place; the file is refused instead."""
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "film.csv").write_text("id,name,kind,rank:int,rank:string\nf1,x,film,3,third\n")
    table = (
        '[[nodes]]\nfile = "nodes/film.csv"\nlabel = "Film"\nid = "id"\ncolumns = { name = "name", kind = "kind" }\n'
    )
    keep = '[keep]\nall = ["rank:int", "rank:string"]\n'
    (tmp_path / "dataset.toml").write_text(HEAD + keep + ("" if plain else table))
    (finding,) = check_directory(tmp_path).errors
    assert (finding.rule, finding.file) == ("header", "nodes/film.csv")
    assert finding.message == "'rank:int' and 'rank:string' would both be kept as rank"


def test_a_kept_column_takes_no_place_of_the_model(tmp_path):
    """A second column for the age of a user is reported and left out, whatever [keep] says."""
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "user.csv").write_text("id,consent,age,age:string\nu1,true,30,thirty\n")
    (tmp_path / "dataset.toml").write_text(HEAD + '[keep]\nuser = ["age:string"]\n')
    tables, report = read_directory(tmp_path)
    assert tables.nodes_of("User").column("age").tolist() == [30]
    assert [(f.rule, f.column) for f in report.findings] == [("unknown-column", "age:string")]
