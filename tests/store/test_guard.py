"""The guard serves reads and nothing else, whatever the text hides its clauses behind."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.errors import GraphkitError, InvalidParameter, WriteRefused
from graphkit.store.cypher_text import CypherSyntax, split_statements, tokens
from graphkit.store.guard import guard_text

# One text a line; \n stands for a line break.
REFUSED = r"""
CREATE (:X)
merge (:X {id: 'x'})
MATCH (u:User) SET u.x = 1
MATCH (u:User) SET u += {x: 1} RETURN u.id AS id
MATCH (u:User) SET u:X
MATCH (u:User) REMOVE u.consent
MATCH (u:User) DETACH DELETE u
MATCH (u:User) NODETACH DELETE u
MATCH ()-[r:REACHES]->() DELETE r
MATCH (u:User) FOREACH (x IN [1] | SET u.x = x)
FOREACH(x IN [1]|CREATE (:X))
UNWIND [1] AS x CREATE (:X {x: x})
MATCH (u:User) CALL (u) { SET u.x = 1 } RETURN u.id AS id
CALL { CREATE (:X) } RETURN 1 AS x
CALL (*) { MERGE (:X) } RETURN 1 AS x
UNWIND range(1, 3) AS x CALL (x) { RETURN 1 AS y } IN TRANSACTIONS RETURN y
UNWIND range(1, 3) AS x CALL (x) { RETURN 1 AS y } IN 4 CONCURRENT TRANSACTIONS RETURN y
RETURN 1 AS x UNION CREATE (p:X) RETURN p.x AS x
RETURN 1 AS x UNION ALL MERGE (p:X) RETURN p.x AS x
/* harmless */ CREATE (:X)
// harmless\nCREATE (:X)
MATCH (u:User) /* RETURN u */ SET /* */ u.x = 1
MATCH (u:User)//x\nSET u.x=1
\u0043REATE (:X)
MATCH (u:User) S\u0045T u.x = 1
MATCH (u:User) WHERE u.name = '\u0027 SET u.x = 1 //'
MATCH (u:User) WHERE u.name = '\uu0027 SET u.x = 1 //'
MATCH (u:User) RETURN u // \u000aSET u.x = 1
MATCH (u:User) /* \u002a\u002f SET u.x = 1 // */ RETURN u
MATCH (u:`\u0055ser`) RETURN u
EXPLAIN CREATE (:X)
PROFILE MATCH (u:User) SET u.x = 1
PROFILE MATCH (u:User) RETURN u.id AS id
CYPHER 5 CREATE (:X)
CYPHER runtime=slotted MATCH (u) SET u.x = 1
INSERT (:X)
MATCH (a) INSERT (a)-[:T]->(:X)
RETURN 1 AS x; CREATE (:X)
RETURN 1 AS x;; MATCH (u:User) DETACH DELETE u;
RETURN 1 AS x; RETURN 2 AS x
CREATE INDEX x IF NOT EXISTS FOR (n:User) ON (n.age)
DROP CONSTRAINT user_id IF EXISTS
LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row
load  csv from "file:///x" as row return row
LOAD /* */ CSV FROM 'file:///x' AS row RETURN row
LOAD//x\nCSV FROM 'file:///x' AS row RETURN row
L\u004fAD CSV FROM 'file:///x' AS row RETURN row
MATCH (u:User) LOAD CSV WITH HEADERS FROM 'http://127.0.0.1:9/x' AS row RETURN row
CALL { LOAD CSV FROM 'file:///x' AS row RETURN row } RETURN row
USING PERIODIC COMMIT LOAD CSV FROM 'file:///x' AS row RETURN row
CALL dbms.listConfig() YIELD name RETURN name
CALL /* x */ db.createLabel('X')
CALL `db`.`createLabel`('X')
CALL `db.createLabel`('X')
CALL db . createLabel('X')
OPTIONAL CALL tx.setMetaData({a: 1})
MATCH (u:User) CALL apoc.create.node(['X'], {}) YIELD node RETURN node
CALL algo.pagerank('User', 'KNOWS') YIELD node RETURN node
CALL gds.graph.drop('x')
RETURN apoc.load.json('file:///x') AS x
RETURN `apoc`.cypher.runFirstColumnSingle('CREATE (:X)', {}) AS x
USE system SHOW USERS
CALL { USE other MATCH (n) RETURN n } RETURN n
SHOW USERS
ALTER USER neo4j SET PASSWORD 'password1'
GRANT ROLE admin TO eve
TERMINATE TRANSACTION 'neo4j-transaction-1'
WITH * SET n.x = 1
MATCH (n) WHERE n:A|B SET n.x = 1
MATCH (n) WHERE n:% SET n.x = 1
MATCH (n) WHERE n.x IS :: LIST<INTEGER> SET n.x = 1
MATCH ((a)-->(b))+ SET a.x = 1
MATCH (n) WHERE n.in SET n.x = 1
MATCH (n) WITH n, true AS in WHERE in SET n.x = 1
MATCH (n) WITH n, true AS as WHERE as SET n.x = 1
MATCH (n) WITH n ORDER BY n.x DESC SET n.x = 1
MATCH (n) WHERE n.x > 1SET n.x = 1
MATCH (n) WHERE n.x > 0x1FSET n.x = 1
MATCH (n) WHERE n.x = 1.SET n.x = 1
MATCH (n) RETURN CASE WHEN true THEN 1 END SET n.x = 1
MATCH (n) WITH n LIMIT $set SET n.x = 1
MATCH (n) ſET n.x = 1
MATCH (n) ＳＥＴ n.x = 1
MATCH (n)　SET n.x = 1
MATCH (n) RETURN 'never closed
MATCH (n) RETURN n.`never closed
MATCH (n) RETURN n /* never closed
MATCH (n) RETURN 'a''b' AS x
/* /* */ ' */ CREATE (:X) //'
// @access write\nMATCH (n) RETURN n.id AS id
""".strip().splitlines()

SERVED = r"""
MATCH (u:User) RETURN u.id AS id ORDER BY id
MATCH (u:User) RETURN count(u) AS n;
match (u:User) return count(*) as n
MATCH (u:User) RETURN u.load AS load LIMIT 1
MATCH (u:User) RETURN u.set AS set, u.create AS created LIMIT 1
MATCH (u:User) RETURN u.delete AS removed ORDER BY u.id LIMIT 2
MATCH (u:User) WHERE u.merge IS NULL RETURN count(u) AS n
MATCH (u:User) WITH u.set AS set RETURN set ORDER BY set
MATCH (u:User) WITH u.set AS set WHERE set > 1 RETURN set AS value
MATCH (set:User) WHERE set.age > 1 RETURN set.id AS id
MATCH (a:Create)-[r:DELETE|SET]->(b:Merge) RETURN count(r) AS n
RETURN 'CREATE (n)' AS text
RETURN "it's; DELETE" AS text;
RETURN '// not a comment' AS a, "/* nor this */" AS b
RETURN 'a\'b \\ CREATE (n)' AS text
RETURN '\u4e2d\u6587' AS text
// DELETE everything? no\nMATCH (u:User) RETURN count(u) AS n
/* CREATE */ MATCH (u:User) RETURN count(u) AS n
MATCH (`create`:User) RETURN count(`create`) AS n
MATCH (u:User) RETURN count(u) AS `set; delete`
RETURN {create: 1, set: 2} AS m
MATCH (u:User) RETURN u {.set, .create, delete: 1} AS m
RETURN [x IN range(1, 6) WHERE x % 2 = 0 | x * 10] AS l
MATCH (u:User) WHERE u.age = $set RETURN u.id AS id
MATCH (f:Film) CALL (f) { MATCH (f)<-[w:WATCHED]-(u:User) RETURN u.id AS top ORDER BY top LIMIT 1 } RETURN f.id AS f, top
CALL { MATCH (u:User) RETURN count(u) AS n } RETURN n
CALL db.labels() YIELD label RETURN label
CALL db.relationshipTypes()
MATCH (f:Film) RETURN 'film' AS k, count(f) AS n UNION ALL MATCH (b:Brand) RETURN 'brand' AS k, count(b) AS n
RETURN date.truncate('month', date('2027-01-31')) AS d, duration.between(date('2027-01-01'), date('2027-01-31')).days AS n
MATCH (u:User) RETURN u.城市 AS 城市 ORDER BY 城市
MATCH (a:User {id: 'u1'}) MATCH (a)-[:KNOWS*1..3]-(b:User) RETURN count(DISTINCT b) AS n
OPTIONAL MATCH (u:User) RETURN u.x + 1.5e-3 - .5 AS x
""".strip().splitlines()


def lines(text):
    """Put line breaks where they are written."""
    return text.replace("\\n", "\n")


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_is_no_read_is_refused(text):
    """Writes, files, procedures, administration and two-faced texts raise with a line and a reason."""
    with pytest.raises(WriteRefused) as caught:
        guard_text(lines(text))
    assert "line " in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("text", SERVED)
def test_an_honest_read_is_served(text):
    """Names, strings and comments that look like clauses do no harm."""
    query = guard_text(lines(text))
    assert query.access == "read"
    assert len(query.statements) == 1


@pytest.mark.parametrize(
    "wrap",
    [
        "{}",
        "MATCH (n) WITH n {}",
        "CALL {{ {} }} RETURN 1 AS x",
        "MATCH (n) CALL (n) {{ {} }} RETURN n.id AS id",
        "RETURN 1 AS x UNION {}",
    ],
)
@pytest.mark.parametrize("gap", [" ", "\n", "\t", "/**/", " /* ; */ ", "//\n"])
@pytest.mark.parametrize(
    "clause",
    [
        ["CREATE", "(:X)"],
        ["MERGE", "(x:X)"],
        ["SET", "n.x = 1"],
        ["DELETE", "n"],
        ["DETACH", "DELETE", "n"],
        ["REMOVE", "n.x"],
        ["FOREACH", "(y IN [1] | CREATE (:X))"],
    ],
)
def test_a_writing_clause_is_found_in_every_wrapping(wrap, gap, clause):
    """210 texts: each clause at each place with each blank."""
    with pytest.raises(WriteRefused):
        guard_text(wrap.format(gap.join(clause)))


@given(st.text(max_size=60))
def test_any_text_is_served_or_refused_with_a_reason(text):
    """No input makes the guard fail otherwise."""
    try:
        outcome = guard_text(text).access
    except (WriteRefused, InvalidParameter) as error:
        outcome = "refused" if error.message else "without a reason"
    assert outcome in {"read", "refused"}


@given(st.text(alphabet="'\"\\`/* \n;xSET", max_size=40))
def test_tokens_cover_the_text_in_order(text):
    """Between the tokens there are only blanks; nothing is read twice."""
    try:
        found = tokens(text)
    except CypherSyntax:
        return
    at = 0
    for token in found:
        assert not text[at : token.start].strip(" \t\r\n")
        assert token.start < token.end
        at = token.end
    assert not text[at:].strip(" \t\r\n")


@given(st.text(max_size=30))
def test_a_string_hides_whatever_it_quotes(value):
    """A quoted value, escaped as a driver would, is one token however it reads."""
    if "\x00" in value or "\\u" in value:
        return
    quoted = "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if "\\u" in quoted:
        return
    assert [t.kind for t in tokens(quoted)] == ["string"]
    assert guard_text(f"RETURN {quoted} AS x").statements == (f"RETURN {quoted} AS x",)


def test_statements_are_split_at_code_only():
    """Semicolons in strings, names and comments do not count."""
    text = "// a;b\nRETURN ';' AS `x;y`; /* ; */ RETURN 2 AS n;;"
    assert split_statements(text) == ("RETURN ';' AS `x;y`", "RETURN 2 AS n")


def test_an_empty_text_names_the_problem():
    """Nothing but comments is a usage error, not a refusal."""
    with pytest.raises(InvalidParameter, match="no statement"):
        guard_text("// nothing\n;")


def test_headers_of_an_analysts_text_are_understood():
    """Declared parameters keep their type, others take any."""
    query = guard_text(
        "// @param id STRING\n// @access read\nMATCH (b:Brand) WHERE b.id = $id AND b.x = $other RETURN b.name AS name;"
    )
    assert [(p.name, p.type, p.required) for p in query.params] == [("id", "STRING", True), ("other", "ANY", True)]


def test_the_refusal_crosses_processes():
    """A worker's refusal arrives whole."""
    with pytest.raises(GraphkitError) as caught:
        guard_text("CREATE (:X)")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert str(pickle.loads(pickle.dumps(CypherSyntax("x", 3)))) == "x"
