"""The files under cypher/: portable, documented, bounded, and served by real servers without complaint."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from golden_queries import CASES, golden_tables, report_of, same
from shell_rows import shell_tables

from graphkit.model.schema import LABELS, TYPES, constraint_statements
from graphkit.store.cypher_text import split_statements, tokens
from graphkit.store.guard import guard_text
from graphkit.store.queries import check_params, list_queries, load_query

CYPHER = Path(__file__).parents[1] / "cypher"
FILES = sorted(CYPHER.rglob("*.cypher"))
NAMES = [p.relative_to(CYPHER).with_suffix("").as_posix() for p in FILES]
READS = [q for q in list_queries() if q.access == "read"]
NAMED = [q for q in list_queries() if q.access != "schema"]
FORBIDDEN_WORDS = {
    "LOAD",
    "FOREACH",
    "SHORTEST",
    "USE",
    "LET",
    "FILTER",
    "NEXT",
    "ELEMENTID",
    "GRANT",
    "SHOW",
    "APOC",
    "GDS",
    "ALGO",
}


def code(query):
    """Tokens of a query without comments."""
    return [t for t in tokens(query.text) if t.kind != "comment"]


def test_every_file_is_found_by_name():
    """The loader lists what the folders hold."""
    assert sorted(NAMES) == [q.name for q in list_queries()]


@pytest.mark.parametrize("query", NAMED, ids=lambda q: q.name)
def test_a_file_documents_itself(query):
    """Title in both languages, a sentence, and each statement ended by a semicolon."""
    zh, bar, en = query.title.partition(" | ")
    assert bar
    assert re.search(r"[\u4e00-\u9fff]", zh)
    assert re.search(r"[a-z]", en)
    assert query.doc
    assert query.text.rstrip().endswith(";")
    assert query.text.count("\t") == 0
    assert not query.text.startswith("\ufeff")


@pytest.mark.parametrize("query", READS, ids=lambda q: q.name)
def test_a_read_file_passes_the_analysts_guard(query):
    """One statement that only reads, ordered, without anything the portable subset forbids."""
    assert len(query.statements) == 1
    assert guard_text(query.text, name=query.name).statements == query.statements
    found = code(query)
    words = {t.word for before, t in pairwise(found) if t.kind == "word" and before.text != "$"}
    assert not words & FORBIDDEN_WORDS
    assert not re.search(r"\bid\(", query.text)
    single = {"evaluate/audience_of_set", "channels/spending", "simulate/first_step"}  # rows
    assert "ORDER" in words or query.name in single
    assert not re.search(r"\[\w*:[^\]]*\*(?!\d+\.\.\d+)", query.text), "unbounded path"


@pytest.mark.parametrize("query", NAMED, ids=lambda q: q.name)
def test_names_in_a_file_are_in_the_registry(query):
    """A label or type that the schema does not know is a slip of the pen, apart from our own bookkeeping."""
    found = code(query)
    known = set(LABELS) | set(TYPES)
    for before, token in pairwise(found):
        if (
            before.text in (":", "|")
            and before.kind == "sign"
            and token.kind == "word"
            and token.word != "CASE"
            and re.fullmatch(r"[A-Z][A-Za-z]+|[A-Z_]+", token.text)
        ):
            assert token.text in known or token.text.startswith("_Gk"), token.text


def test_the_schema_files_are_printed_from_the_registry():
    """cypher/schema says what model/schema.py says, and nothing else."""
    files = [q for q in list_queries() if q.access == "schema"]
    assert [q.name for q in files] == ["schema/V001__constraints"]
    assert [s for q in files for s in q.statements] == constraint_statements()
    assert all("IF NOT EXISTS" in s for q in files for s in q.statements)


def test_rules_return_label_id_reason_and_severity():
    """A planner reads every rule the same way."""
    for query in READS:
        if query.name.startswith("rules/"):
            aliases = re.findall(r"AS (\w+)", query.statements[0].rpartition("RETURN")[2].partition("ORDER BY")[0])
            assert aliases == ["label", "id", "reason", "severity"], query.name


@pytest.mark.parametrize("query", READS, ids=lambda q: q.name)
def test_counts_of_people_have_a_minimum_cell(query):
    """Who counts people (u) with consent takes minCell, 50 by default; the one person asked about is p."""
    cells = [p for p in query.params if p.name == "minCell"]
    assert all((p.type, p.default) == ("INTEGER", 50) for p in cells)
    if "u.consent = true" in query.text:
        assert cells


@pytest.mark.neo4j
def test_neo4j_plans_every_file_without_notices(neo4j_server):
    """EXPLAIN of each named query: no deprecation and no performance note; reads are reads."""
    neo4j = pytest.importorskip("neo4j")
    with neo4j.GraphDatabase.driver(neo4j_server.uri, auth=(neo4j_server.username, neo4j_server.password)) as driver:
        notes = []
        for query in NAMED:
            for statement in query.statements:
                _, summary, _ = driver.execute_query("EXPLAIN " + statement, database_=neo4j_server.database)
                notes += [
                    (query.name, s.status_description)
                    for s in summary.gql_status_objects
                    if str(s.raw_classification) in ("DEPRECATION", "PERFORMANCE")
                ]
                assert query.access != "read" or summary.query_type == "r", query.name
    assert not notes


@pytest.mark.neo4j
def test_files_run_unchanged_in_cypher_shell(open_neo4j, neo4j_server):
    """All read files in one call of the real shell, parameters set by the line that graphkit prints: the golden rows, value for value."""
    tables = golden_tables()
    open_neo4j().load(tables, report_of(tables))
    script = []
    for number, case in enumerate(CASES):
        query = load_query(case["query"])
        values = check_params(query, case["params"])
        script += [f'RETURN "=={number}" AS mark;', query.param_line(values).rstrip(";") if values else "", query.text]
    found = shell_tables(neo4j_server.cypher_shell("\n".join(script)))
    wrong = {n: found[n] for n, case in enumerate(CASES) if not same(found[n], case["rows"])}
    assert not {CASES[n]["query"]: (CASES[n]["params"], rows) for n, rows in wrong.items()}
    assert {case["query"] for case in CASES} == {query.name for query in READS}
    assert load_query("browser/labels").statements == split_statements(
        (CYPHER / "browser/labels.cypher").read_text(encoding="utf-8")
    )


def as_browser_sends(value):
    """A value of `:param {..}` from Neo4j Browser, which reads the line as JavaScript: every number is a float."""
    if isinstance(value, dict):
        return {name: as_browser_sends(part) for name, part in value.items()}
    if isinstance(value, list):
        return [as_browser_sends(part) for part in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.neo4j
def test_files_run_unchanged_in_browser(open_neo4j, neo4j_server):
    """The golden rows again, with floats for integers: LIMIT and list places take no float."""
    tables = golden_tables()
    open_neo4j().load(tables, report_of(tables))
    wrong = {}
    with neo4j_server.driver() as driver:
        for case in CASES:
            query = load_query(case["query"])
            values = as_browser_sends(check_params(query, case["params"]))
            try:
                records = driver.execute_query(query.statements[0], values, database_=neo4j_server.database).records
            except Exception as error:  # noqa: BLE001  # every file is tried, whatever the server says to one
                wrong[query.name] = str(error)
                continue
            found = [record.data() for record in records]
            if not same(found, case["rows"]):
                wrong[query.name] = case["params"], found
    assert not wrong


def test_the_shells_rows_are_read_as_they_are_printed():
    """Nulls, numbers, quoted text with commas, quotes and backslashes, lists, and a table without rows."""
    printed = 'mark\n"==0"\na, b, c\n"x, \\"y\\" \\\\", NULL, [1, -2.5, ["z"]]\nTRUE, 1.0E-9, []\nmark\n"==1"\na\nmark\n"==2"\n'
    assert shell_tables(printed) == {
        0: [{"a": 'x, "y" \\', "b": None, "c": [1, -2.5, ["z"]]}, {"a": True, "b": 1e-9, "c": []}],
        1: [],
        2: [],
    }
