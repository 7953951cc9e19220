"""A wrong kind of argument is an error of ours that names it, whatever public method it is given to; a password is never shown."""

import pandas as pd
import pytest

import graphkit as gk
from graphkit.errors import GraphkitError, InvalidParameter
from graphkit.projection.load import load_directory
from graphkit.store.files import check_directory, read_directory, read_events
from graphkit.store.open import open_store
from graphkit.store.queries import load_query

TINY = "fixtures/tiny"


class Odd:
    """Nothing an argument may be; its name is the same in every process, as the workers of a test run ask."""

    def __repr__(self):
        """Without an address."""
        return "Odd()"


ODD = Odd()
NO_PATHS = [None, 3, 1.5, True, b"fixtures/tiny", [], {}, (1, 2), ODD]
NO_NUMBERS = ["text", b"x", [], {}, ODD, float("nan")]
NO_TEXTS = [3, b"x", [], {}, ODD]


@pytest.fixture(scope="module", params=["memory", "embedded"])
def loaded(request, tmp_path_factory):
    """A store with the tiny graph."""
    place = "memory://" if request.param == "memory" else tmp_path_factory.mktemp("arguments") / "store"
    with open_store(place) as store:
        store.load(*read_directory(TINY))
        yield store


def refused(name, value, call):
    """Whether the call is refused by the name of its argument, with the value."""
    with pytest.raises(InvalidParameter) as caught:
        call(value)
    assert caught.value.parameter == name
    assert f"Got {' '.join(repr(value).splitlines())} instead." in caught.value.message  # in one line


@pytest.mark.parametrize("value", NO_PATHS, ids=repr)
def test_what_is_no_path(value, tmp_path):
    """Directories, mappings, logs and the folder of an export."""
    with open_store("memory://") as store:
        refused("directory", value, check_directory)
        refused("directory", value, read_directory)
        refused("directory", value, gk.read_files)
        refused("directory", value, lambda x: load_directory(store, x))
        refused("directory", value, store.export)
        refused("path", value, read_events)
        if value is not None:
            refused("mapping", value, lambda x: gk.read_files(TINY, mapping=x))
            refused("mapping", value, lambda x: load_directory(store, TINY, mapping=x))


def test_a_path_that_is_no_directory_is_said(tmp_path):
    """A file, and a directory that is not there."""
    (tmp_path / "file.csv").write_text("id\n", encoding="utf-8")
    for place in (tmp_path / "file.csv", tmp_path / "none"):
        for call in (check_directory, read_directory, gk.read_files):
            with pytest.raises(GraphkitError) as caught:
                call(place)
            assert str(place) in str(caught.value)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number(loaded, value):
    """Times allowed, and how many rows may be bad or returned."""
    query, gone = load_query("browser/nodes"), load_query("write/remove_plan")
    user = {"label": "User"}
    refused("the time allowed", value, lambda x: loaded.read(query, user, timeout=x))
    refused("the time allowed", value, lambda x: loaded.write(gone, {"plan": "none"}, timeout=x))
    refused("the time allowed", value, lambda x: loaded.write_back("User", [], {"x": []}, "r", timeout=x))
    refused("the time allowed", value, lambda x: loaded.load(*read_directory(TINY), deadline=x))
    refused("the time allowed", value, lambda x: loaded.tables(deadline=x))
    refused("deadline", value, lambda x: load_directory(loaded, TINY, deadline=x))
    refused("max_rows", value, lambda x: loaded.read(query, user, max_rows=x))
    refused("max_bad", value, lambda x: read_directory(TINY, max_bad=x))
    refused("timeout", value, lambda x: open_store("bolt://127.0.0.1:1", timeout=x))


@pytest.mark.parametrize("value", NO_TEXTS, ids=repr)
def test_what_is_no_text(loaded, value):
    """Names of queries, labels and encodings, ids, runs and logins."""
    refused("name", value, load_query)
    refused("encoding", value, lambda x: read_directory(TINY, encoding=x))
    refused("id", value, lambda x: loaded.node("User", x))
    refused("ids", [value], lambda x: loaded.write_back("User", x, {"x": [1]}, "r"))
    refused("run_id", value, lambda x: loaded.write_back("User", [], {"x": []}, x))
    refused("username", value, lambda x: open_store("bolt://127.0.0.1:1", username=x))
    for call in (loaded.ids, lambda x: loaded.node(x, "u1"), lambda x: loaded.write_back(x, [], {"x": []}, "r")):
        with pytest.raises(InvalidParameter):
            call(value)
    with pytest.raises(InvalidParameter) as caught:
        open_store("bolt://127.0.0.1:1", password=["gk-canary"])
    assert "gk-canary" not in str(caught.value)


@pytest.mark.parametrize("value", ["text", None, 3, b"x", [], ODD], ids=repr)
def test_what_is_no_query_and_no_table(loaded, value):
    """A text is no query: the hint says where queries come from."""
    refused("query", value, loaded.read)
    refused("query", value, loaded.write)
    refused("tables", value, lambda x: loaded.load(x, read_directory(TINY)[1]))
    refused("report", value, lambda x: loaded.load(read_directory(TINY)[0], x))
    refused("columns", value, lambda x: loaded.write_back("User", [], x, "r"))
    if value is not None:
        refused("params", value, lambda x: loaded.read(load_query("browser/nodes"), x))


def test_columns_must_fit_the_ids(loaded):
    """One value for each id, and ids are a list of texts, not one text."""
    refused("columns['x']", [1, 2], lambda x: loaded.write_back("User", ["u01"], {"x": x}, "r"))
    refused("ids", "u01", lambda x: loaded.write_back("User", x, {"x": [1, 2, 3]}, "r"))


def test_columns_of_frames_are_lists(loaded):
    """A column of pandas is written back as a list is, whatever its index; a whole frame and a set are no list."""
    frame = pd.DataFrame({"user": ["u01", "u02"], "score": [0.25, 0.5]}, index=[7, 8])
    for ids in (frame["user"], pd.Index(frame["user"]), frame["user"].to_numpy(), frame["user"].tolist()):
        for cells in (frame["score"], frame["score"].to_numpy(), (0.25, 0.5)):
            assert loaded.write_back("User", ids, {"shown": cells}, "r") == 2
    refused("ids", frame, lambda x: loaded.write_back("User", x, {"x": [1, 2]}, "r"))
    refused("ids", {"u01"}, lambda x: loaded.write_back("User", x, {"x": [1]}, "r"))
    refused("columns['x']", frame[["score"]], lambda x: loaded.write_back("User", ["u01", "u02"], {"x": x}, "r"))
