"""What every store promises; a test file binds the suite to the `store` fixture and each kind of store runs it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphkit.errors import DataInvalid, DeadlineExceeded, InvalidParameter, UnknownName, UnknownNode, WriteRefused
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, object_array
from graphkit.model.validate import DataReport
from graphkit.store.files import read_directory
from graphkit.store.guard import guard_text
from graphkit.store.plans import list_plans, load_plan, remove_plan, save_plan
from graphkit.store.queries import list_queries, load_query, parse_query

TINY = Path(__file__).resolve().parents[2] / "fixtures" / "tiny"
PLAN = {
    "schema_version": 1,
    "plan": "P-0001",
    "for": "Film:f01",
    "objective": "reach",
    "budget": 100,
    "spent": 90.5,
    "items": [
        {
            "channel": "c01",
            "wave": 1,
            "material": None,
            "cost": 90.5,
            "adds": 3.0,
            "adds_interval": [2.5, 3.5],
            "exclusive": 1.0,
            "alone": 3.0,
        }
    ],
    "reach": {"mean": 3.0, "interval": [2.5, 3.5]},
    "certificate": {"lower": 2.0, "upper": 4.0, "ratio": 0.5, "delta": 0.05},
    "rejected": [{"channel": "c02", "rule": "rights", "reason": "无版权"}],
    "claims": [],
    "manifest": {"seed": 7, "snapshot": "abc"},
}


def rows_of(tables):
    """Number of rows of tables."""
    return sum(map(len, tables.nodes.values())) + sum(map(len, tables.edges))


def report_for(tables):
    """The reader's report for tables made by hand."""
    return DataReport(rows_in=rows_of(tables), loaded=rows_of(tables))


def small(**user):
    """Three users and two of one's ties; `user` adds or replaces columns."""
    columns = {"consent": np.array([True, True, False]), **user}
    users = NodeColumns("User", object_array(["001", "1", "u\u00e9\n'\"`$"]), columns)
    tie = EdgeColumns(
        "FOLLOWS",
        "User",
        "User",
        np.array([0, 0]),
        np.array([1, 2]),
        {"since_ts": object_array([9007199254740993, None])},
    )
    return GraphTables({"User": users}, (tie,), "small", "CNY", "UTC", {"reach_p": {"cinema": 0.02}})


def load(store, tables, **options):
    """Load tables made by hand."""
    return store.load(tables, report_for(tables), **options)


class StoreContract:
    """Bind with `class TestStore(StoreContract)` in a file that has a `store` fixture."""

    def test_a_load_twice_creates_every_row_once(self, store):
        """The first load creates what the files hold, the second nothing; both add up."""
        tables, report = read_directory(TINY)
        first, again = store.load(tables, report), store.load(tables, report)
        n = {"nodes": sum(map(len, tables.nodes.values())), "relationships": sum(map(len, tables.edges))}
        assert (first.created, first.changed["nodes"], first.unchanged["nodes"]) == (n, 0, 0)
        assert (again.unchanged, sum(again.created.values()), sum(again.changed.values())) == (n, 0, 0)
        assert first.adds_up()
        assert again.adds_up()
        assert {"by_label": again.by_label, "by_type": again.by_type} == tables.counts()

    def test_columns_come_back_with_the_digest_of_the_files(self, store):
        """Values, types, settings and order survive exactly: the digest is that of the directory."""
        tables, report = read_directory(TINY)
        store.load(tables, report)
        found = store.tables()
        assert found.digest() == tables.digest()
        assert (found.name, found.currency, found.time_zone, found.settings) == (
            tables.name,
            tables.currency,
            tables.time_zone,
            tables.settings,
        )

    def test_odd_ids_and_great_integers_stay_exact(self, store):
        """Ids 001 and 1 are two nodes, quotes and backticks are text, 2**53 + 1 keeps its last digit beside a null."""
        load(store, small())
        found = store.tables()
        assert sorted(found.nodes["User"].ids) == sorted(["001", "1", "u\u00e9\n'\"`$"])
        assert found.edges[0].columns["since_ts"].tolist() == [9007199254740993, None]
        assert found.digest() == small().digest()

    def test_changed_values_are_counted_and_missing_ones_kept(self, store):
        """One changed value is one changed node; a value not given again stays."""
        load(store, small(age=np.array([20, 30, 40])))
        done = load(store, small(age=object_array([20, 31, None])))
        assert (done.created["nodes"], done.changed["nodes"], done.unchanged["nodes"]) == (0, 1, 2)
        assert (done.changed["relationships"], done.unchanged["relationships"]) == (0, 2)
        assert store.tables().nodes["User"].columns["age"].tolist() == [20, 31, 40]

    def test_new_rows_join_old_ones(self, store):
        """A second directory adds its rows; nothing of the first is deleted."""
        tables, report = read_directory(TINY)
        store.load(tables, report)
        done = load(store, small())
        assert (done.created["nodes"], done.created["relationships"]) == (3, 2)
        whole = store.tables()
        assert rows_of(whole) == rows_of(tables) + 5

    def test_a_wider_key_holds_nulls(self, store):
        """SUBSCRIBES is keyed by since_ts too: two memberships of one user, one of unknown start, stay apart."""
        users, brand = (
            NodeColumns("User", object_array(["u1"]), {"consent": np.array([True])}),
            NodeColumns("Brand", object_array(["b1"]), {"name": object_array(["B"])}),
        )
        tie = EdgeColumns(
            "SUBSCRIBES",
            "User",
            "Brand",
            np.zeros(3, np.int64),
            np.zeros(3, np.int64),
            {"since_ts": object_array([1, 2, None]), "tier": object_array(["a", "b", "c"])},
        )
        tables = GraphTables({"User": users, "Brand": brand}, (tie,))
        load(store, tables)
        done = load(
            store,
            replace(tables, edges=(replace(tie, columns={**tie.columns, "tier": object_array(["a", "x", "y"])}),)),
        )
        assert (done.created["relationships"], done.changed["relationships"], done.unchanged["relationships"]) == (
            0,
            2,
            1,
        )
        found = store.tables().edges[0].columns
        assert dict(zip(found["since_ts"].tolist(), found["tier"].tolist(), strict=True)) == {1: "a", 2: "x", None: "y"}

    def test_a_dry_run_counts_and_writes_nothing(self, store):
        """The counts are those of a real load; the store stays empty."""
        tables, report = read_directory(TINY)
        done = store.load(tables, report, dry_run=True)
        assert sum(done.created.values()) == rows_of(tables)
        assert done.dry_run
        assert store.is_empty()

    def test_two_currencies_do_not_mix(self, store):
        """A directory in another currency is refused and changes nothing."""
        load(store, small())
        before = store.version()
        with pytest.raises(DataInvalid, match="CNY"):
            load(store, replace(small(), currency="EUR"))
        assert store.version() == before

    def test_a_load_out_of_time_says_so(self, store):
        """With no time at all a load ends with DeadlineExceeded."""
        tables, report = read_directory(TINY)
        with pytest.raises(DeadlineExceeded):
            store.load(tables, report, deadline=0.0)
        assert store.load(tables, report).adds_up()

    def test_the_version_follows_the_data_only(self, store):
        """It changes when a load changes something, not with an idle load, a result written back or a kept plan."""
        tables, report = read_directory(TINY)
        store.load(tables, report)
        first, name = store.version(), store.identity()
        store.load(tables, report)
        store.write_back("User", ["u01", "u02"], {"community": ["g1", "g2"]}, "run-1")
        save_plan(store, PLAN)
        assert (store.version(), store.identity()) == (first, name)
        load(store, small())
        assert store.version() != first
        assert store.identity() == name

    def test_results_written_back_stay_out_of_the_data(self, store):
        """`write_back` counts its rows; the columns do not enter `tables`, and loads do not lose them."""
        tables, report = read_directory(TINY)
        store.load(tables, report)
        assert store.write_back("User", ["u01", "u02"], {"community": ["g1", "g2"]}, "run-1") == 2
        assert store.tables().digest() == tables.digest()
        load(store, small())
        if store.capabilities.cypher:
            assert store.node("User", "u02")["community"] == "g2"

    def test_write_back_refuses_the_unknown_and_the_loaded(self, store):
        """An unknown id, an odd name and a property that came from files are errors."""
        tables, report = read_directory(TINY)
        store.load(tables, report)
        with pytest.raises(UnknownNode):
            store.write_back("User", ["u01", "nobody"], {"community": ["g1", "g2"]}, "run-2")
        with pytest.raises(InvalidParameter):
            store.write_back("User", ["u01"], {"consent": [False]}, "run-3")
        with pytest.raises(InvalidParameter):
            store.write_back("User", ["u01"], {"x` = 1 //": [1]}, "run-4")
        with pytest.raises(InvalidParameter):
            store.write_back("User`) DETACH DELETE (n", ["u01"], {"score": [1]}, "run-5")

    def test_plans_are_kept_listed_and_removed(self, store):
        """A plan comes back exactly; saving it twice keeps one; an unknown id lists close ones."""
        tables, report = read_directory(TINY)
        store.load(tables, report)
        save_plan(store, PLAN)
        save_plan(store, PLAN)
        assert (list_plans(store), load_plan(store, "P-0001")) == (["P-0001"], PLAN)
        with pytest.raises(UnknownName) as error:
            load_plan(store, "P-0002")
        assert error.value.close_matches == ("P-0001",)
        load(store, small())
        assert load_plan(store, "P-0001") == PLAN
        remove_plan(store, "P-0001")
        assert list_plans(store) == []

    def test_nodes_are_found_by_id(self, store):
        """One node's properties, and the sorted ids of a label."""
        load(store, small())
        assert store.node("User", "001") == {"id": "001", "consent": True}
        assert store.node("User", "01") is None
        assert store.ids("User") == sorted(["001", "1", "u\u00e9\n'\"`$"])

    def test_named_reads_answer_and_writes_are_refused_as_reads(self, store):
        """A named read gives rows of plain values; a writing query is not served as a read."""
        tables, report = read_directory(TINY)
        store.load(tables, report)
        found = store.read(load_query("profiles/consent"), {"minCell": 1})
        assert found.rows
        assert all(isinstance(cell, (str, int, float, bool, list, type(None))) for row in found.rows for cell in row)
        with pytest.raises(WriteRefused):
            store.read(load_query("write/plan"), {})

    def test_the_schema_is_applied_once(self, store):
        """The second call finds nothing new."""
        store.ensure_schema()
        assert store.ensure_schema() == 0

    def test_exports_load_again(self, store, tmp_path):
        """Parquet out and in gives the same digest; a folder that is not empty is refused; the import has its script."""
        tables, report = read_directory(TINY)
        store.load(tables, report)
        store.export(tmp_path / "parquet", "parquet")
        assert read_directory(tmp_path / "parquet")[0].digest() == tables.digest()
        with pytest.raises(InvalidParameter):
            store.export(tmp_path / "parquet", "parquet")
        store.export(tmp_path / "import", "neo4j-import")
        assert any(
            "neo4j-admin" in p.read_text(errors="replace") for p in (tmp_path / "import").iterdir() if p.is_file()
        )

    def test_closing_twice_is_harmless(self, store):
        """And a closed store is not used as if it were open."""
        store.close()
        store.close()


class CypherContract:
    """What stores that run Cypher promise beyond that."""

    @pytest.fixture
    def tiny(self, store):
        """A store with the tiny campaign; stores without Cypher are not asked."""
        if not store.capabilities.cypher:
            pytest.skip("this store runs no Cypher")
        tables, report = read_directory(TINY)
        store.load(tables, report)
        return store

    def test_a_kept_plan_says_what_it_buys(self, tiny):
        """Channel or placement, material and tracking code of every item, and every candidate it rejected, by every rule against it."""
        tables, report = read_directory(TINY)
        placement = tables.nodes["CoProduction"].ids.tolist()[0]
        code = tables.nodes["Touchpoint"].column("code").tolist()[0]
        channel = {**PLAN["items"][0], "kind": "app", "code": code}
        bought = [channel, {**channel, "channel": f"CoProduction:{placement}", "kind": "placement", "code": None}]
        rejected = [*PLAN["rejected"], {"channel": placement, "rule": "cost", "reason": "its cost is unknown"}]
        rejected += [
            {"channel": "c02", "rule": rule, "reason": f"no {rule}"} for rule in ("approved", "approved", "lead")
        ]
        rejected.append({"channel": "c02", "rule": "lead", "reason": "too late"})
        counted = tiny.load(tables, report)
        version = tiny.version()
        for _ in range(2):
            save_plan(tiny, {**PLAN, "items": bought, "rejected": rejected})
        found = tiny.read(load_query("plan/items"), {"plan": "P-0001"})
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
        assert [(r["channel"], r["kind"], r["code"]) for r in rows] == [
            ("c01", tables.nodes["Channel"].by_id("kind")["c01"], code),
            (placement, "placement", None),
        ]
        assert [r["name"] for r in rows] == [
            tables.nodes[k].by_id("name")[i] for k, i in (("Channel", "c01"), ("CoProduction", placement))
        ]
        blocked = tiny.read(load_query("plan/rejected"), {"plan": "P-0001"})
        assert [list(row) for row in blocked.rows] == [
            ["Channel", "c02", "approved", "no approved"],
            ["Channel", "c02", "lead", "no lead; too late"],
            ["Channel", "c02", "rights", "无版权"],
            ["CoProduction", placement, "cost", "its cost is unknown"],
        ]
        assert tiny.version() == version
        assert tiny.load(tables, report).by_type == counted.by_type
        remove_plan(tiny, "P-0001")
        assert tiny.load(tables, report).by_type == counted.by_type

    def test_every_named_query_without_parameters_runs(self, tiny):
        """Packaged reads that need no parameter answer without error."""
        for query in list_queries():
            if query.access == "read" and not any(p.required for p in query.params):
                tiny.read(query)

    def test_analysts_are_cut_off_by_time_and_rows(self, tiny):
        """A heavy text ends at its time limit, within 2 s, and the store goes on; rows beyond the cap are said to be cut.

        The embedded engine ends what was given up within 30 s; until then it computes on beside the next tests.
        """
        heavy = " ".join(f"UNWIND range(1, 250) AS x{i}" for i in range(3))
        with pytest.raises(DeadlineExceeded):
            tiny.read(guard_text(f"{heavy} WITH x0 + x1 * x2 AS y RETURN sum(y) AS s"), timeout=0.5)
        found = tiny.read(guard_text("UNWIND range(1, 10) AS x RETURN x ORDER BY x"), max_rows=4)
        assert (found.columns, found.rows, found.truncated) == (["x"], [(1,), (2,), (3,), (4,)], True)

    def test_the_engine_refuses_a_write_that_got_past_the_guard(self, tiny):
        """Behind the guard the engine itself, or READ access, refuses; nothing is written."""
        before = tiny.version()
        sly = parse_query(
            "// @title x | x\n// @access write\n// Says it writes.\nCREATE (n:Tag {id: 'sly'});", name="sly", path="sly"
        )
        with pytest.raises(WriteRefused):
            tiny.read(replace(sly, access="read"))
        assert tiny.version() == before

    def test_a_wrong_text_is_an_error_in_words(self, tiny):
        """The message names the query, not a Java class."""
        from graphkit.errors import StoreError

        with pytest.raises(StoreError) as error:
            tiny.read(guard_text("MATCH (u:User) RETURN foo AS x", name="mine"))
        assert "mine" in str(error.value)
        assert "com." not in str(error.value)

    def test_values_come_back_as_given(self, tiny):
        """Parameters of every kind survive the way in and out."""
        given = ["' OR 1=1 //", "影片", "😀", 2**62, 0.1, True, None, [1, "a"], {"k": [None]}]
        query = guard_text("RETURN $x AS x")
        assert tiny.read(query, {"x": given}).rows == [(given,)]
