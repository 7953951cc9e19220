// @title 标签关联 | tags that people combine
// @param top INTEGER = 50
// @param minCell INTEGER = 50
// @access read
// Pairs of tags by lift n_ab N / (n_a n_b) over people who agreed to a profile and took a tagged item; pairs below minCell people are left out.
MATCH (p:User)
WHERE p.consent = true AND (p.consent_scope IS NULL OR "profile" IN p.consent_scope)
MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(o:Film|Course)
WHERE EXISTS { MATCH (o)-[:HAS_TAG]->(s:Tag) }
WITH count(DISTINCT p) AS n
MATCH (u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
MATCH (u)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(i:Film|Course)
WITH DISTINCT n, u, i
MATCH (i)-[:HAS_TAG]->(t:Tag)
WITH n, u, collect(DISTINCT t.id) AS tags
UNWIND tags AS a
UNWIND tags AS b
WITH n, a, b, count(*) AS users
WHERE a = b OR (a < b AND users >= $minCell)
WITH n, collect(CASE WHEN a = b THEN {tag: a, users: users} ELSE NULL END) AS single,
  collect(CASE WHEN a < b THEN {a: a, b: b, users: users} ELSE NULL END) AS pairs
UNWIND pairs AS c
WITH n, c, [s IN single WHERE s.tag = c.a | s.users][0] AS n_a, [s IN single WHERE s.tag = c.b | s.users][0] AS n_b
RETURN c.a AS tag_a, c.b AS tag_b, c.users AS users, round(toFloat(c.users) * n / (n_a * n_b), 9) AS lift
ORDER BY lift DESC, tag_a, tag_b
LIMIT $top;
