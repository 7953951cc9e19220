"""Errors, checks, seeds and results: what every floor builds on."""

import copy
import pickle
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit import check, errors
from graphkit.parts import Part, jsonable
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_generator, as_seed, child_seed

ALL_ERRORS = [getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)]


@pytest.mark.parametrize("cls", ALL_ERRORS, ids=lambda cls: cls.__name__)
def test_every_error_survives_pickle(cls):
    """An error from a worker arrives with its class, message and hint."""
    error = pickle.loads(pickle.dumps(cls("no such thing", hint="graphkit doctor")))
    assert type(error) is cls
    assert str(error) == "no such thing (graphkit doctor)"


def test_fields_survive_pickle():
    """Fields of an error arrive too."""
    error = pickle.loads(pickle.dumps(errors.UnknownNode("x", kind="User", name="u1", close_matches=("u2",))))
    assert (error.kind, error.name, error.close_matches) == ("User", "u1", ("u2",))
    assert "u2" in str(error)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), "0.5", True, None])
def test_probability_refuses(value):
    """Nothing outside [0, 1], no NaN, no text and no bool is a probability."""
    with pytest.raises(errors.InvalidParameter, match="p must be"):
        check.probability("p", value)


def test_probability_array_names_the_first_offender():
    """The position of the first wrong value stands in the message."""
    with pytest.raises(errors.InvalidParameter, match=r"p\[2\].*1\.5"):
        check.probability_array("p", [0, 1, 1.5, float("nan")])


def test_seeds_are_pure_functions_and_global_state_is_untouched():
    """Equal arguments give equal streams; NumPy's global state stays as it was."""
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    assert as_seed(7) == 7
    assert child_seed(7, "a", 1) == child_seed(7, "a", 1) != child_seed(7, "a", "1")
    assert as_generator(7, "x").random() == as_generator(7, "x").random()
    assert 0 <= as_seed(None) < 2**63
    assert as_seed(np.random.SeedSequence(3)) == as_seed(np.random.SeedSequence(3))
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


@pytest.mark.parametrize("value", [-1, 2**63, 1.0, True, "7"])
def test_seed_refuses(value):
    """A seed outside [0, 2**63) or of another type is an error, not a guess."""
    with pytest.raises(errors.InvalidParameter):
        as_seed(value)


@dataclass(frozen=True, eq=False, repr=False)
class Inner(Part):
    """A nested part."""

    ratio: float


@dataclass(frozen=True, eq=False, repr=False)
class Sample(Result):
    """A result with every kind of field."""

    values: np.ndarray = field(metadata={"dtype": np.float64})
    inner: Inner
    words: tuple[str, ...]
    manifest: Manifest
    extra: dict[str, Any] | None = None


@given(
    st.lists(st.floats(allow_infinity=False), max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text(max_size=4), max_size=3),
)
def test_json_round_trip(values, ratio, words):
    """from_json(to_json(x)) is x, NaN and Chinese text included."""
    made = make_manifest("f", request={"k": 3}, answer=values, seed=7)
    sample = Sample(np.array(values, dtype=float), Inner(ratio), tuple(words), made, {"a": [1, "电影"]})
    again = Sample.from_json(sample.to_json())
    assert again.to_json() == sample.to_json()
    assert np.array_equal(again.values, sample.values, equal_nan=True)
    assert isinstance(again.inner, Inner)
    assert not again.values.flags.writeable


def test_digest_ignores_engine_and_time():
    """The same numbers have the same digest, another seed another one."""
    one = make_manifest("f", request={}, answer=[1], seed=7, engine="serial", seconds=1.0)
    two = make_manifest("f", request={}, answer=[1], seed=7, engine="threads", seconds=2.0)
    assert one.digest == two.digest != make_manifest("f", request={}, answer=[1], seed=8).digest


def test_a_digest_of_a_call_waits_until_it_is_read():
    """Nothing is computed before; then it is the digest of what the call returns, once, also in a copy, a pickle and JSON."""
    asked = []

    def answer():
        asked.append(1)
        return [1.5]

    made = make_manifest("f", request={"k": 3}, answer=answer, seed=7)
    assert made.function == "f"
    assert not asked
    at_once = make_manifest("f", request={"k": 3}, answer=[1.5], seed=7)
    for again in (copy.copy(made), pickle.loads(pickle.dumps(made)), Manifest.from_dict(made.to_dict()), made):
        assert vars(again) == vars(at_once)
    assert len(asked) == 1
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        _ = made.other


def test_a_digest_made_by_another_thread_meanwhile_is_told():
    """A thread that missed the digest just before another one made it asks the fallback all the same."""
    manifest = make_manifest("f", request={}, answer=lambda: 1)
    assert manifest.digest == Manifest.__getattr__(manifest, "digest")


def test_another_schema_version_is_refused():
    """A result of another schema version raises instead of being half read."""
    with pytest.raises(errors.DataInvalid, match="schema_version"):
        Sample.from_dict({"schema_version": 99})


def test_jsonable_has_no_nan():
    """NaN and infinities become null."""
    assert jsonable({"a": np.array([np.nan, 1.0]), "b": np.inf}) == {"a": [None, 1.0], "b": None}


def _some_results():
    """Results with rows of their own, and one of scalars."""
    from graphkit.audience.overlap import overlap
    from graphkit.community.leiden import communities
    from graphkit.matching.similarity import match
    from graphkit.projection.build import from_arrays
    from graphkit.ranking.pagerank import personalised_pagerank

    path = from_arrays(["001", "1"], ["1", "2"], probability=0.5, ids=["001", "1", "2"])
    return [
        match({"a": ["x", "y"]}, {"b": ["x"], "c": []}, by="jaccard"),
        match({"a": []}, {}),
        communities(path, rng=1),
        personalised_pagerank(path, "001"),
        overlap({"one": [0, 1], "two": [1, 2]}, n_nodes=3),
        Sample(np.zeros(2), Inner(0.5), (), make_manifest("f", request={}, answer=[])),
    ]


def test_results_are_tables_to_readers_of_arrow():
    """pandas, pyarrow and whoever else reads Arrow streams take a result as it is: names, types and rows of its frame."""
    for found in _some_results():
        frame = found.to_frame()
        table = pa.table(found)
        assert table.schema == found.to_arrow().schema
        assert table.to_pydict() == frame.astype(object).where(frame.notna(), None).to_dict("list")
        if hasattr(pd.DataFrame, "from_arrow"):  # pandas 3
            pd.testing.assert_frame_equal(pd.DataFrame.from_arrow(found), table.to_pandas())


def test_a_table_result_is_no_array_of_its_names():
    """pd.DataFrame(result) and np.asarray(result) made one column of the names of the columns; now they say what to write."""
    found = _some_results()[0]
    for reader in (np.asarray, pd.DataFrame):
        with pytest.raises(TypeError, match=r"Matches.*to_frame\(\)"):
            reader(found)


def test_a_table_result_reads_like_its_frame():
    """Columns, length and pandas' methods of a ranking equal those of to_frame(); an empty one is still true."""
    from graphkit.matching.similarity import match
    from graphkit.matching.text import search

    found = match({"a": ["x", "y"]}, {"b": ["x"], "c": []}, by="jaccard")
    frame = found.to_frame()
    assert found["score"].tolist() == frame["score"].tolist() == [0.5, 0.0]
    assert len(found) == len(frame)
    assert found.set_index(list(frame)[1])["score"].tolist() == frame["score"].tolist()
    assert list(found) == list(frame)
    with pytest.raises(AttributeError):
        _ = found.no_such_thing
    nothing = search({"d": "film"}, "qqq")
    assert len(nothing) == 0
    assert nothing
    assert pickle.loads(pickle.dumps(found)).to_json() == found.to_json()
