// @title 标签关联 | tags that people combine
// @param top INTEGER = 50
// @param minCell INTEGER = 50
// @access read
// Pairs of tags by lift n_ab N / (n_a n_b) over people who agreed to a profile and took a tagged item; pairs below minCell people are left out.
// The tags of an item are listed once, those of a person joined from its items; the empty tag stands for every person with a tag.
MATCH (i:Film|Course)-[:HAS_TAG]->(t:Tag)
WITH i, collect(DISTINCT t.id) AS tags
MATCH (i)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH u.id AS person, collect(DISTINCT tags) AS lists
WITH reduce(seen = [], x IN lists | seen + [t IN x WHERE NOT t IN seen]) AS tags
UNWIND [""] + tags AS a
UNWIND CASE WHEN (a = "") THEN [""] ELSE [t IN tags WHERE (a <= t)] END AS b
WITH a, b, count(*) AS users
WITH collect({a: a, b: b, users: users}) AS cells
WITH [c IN cells WHERE (c.a = "") | c.users][0] AS n, [c IN cells WHERE (c.a = c.b)] AS single, [c IN cells WHERE (c.a < c.b AND c.a <> "" AND c.users >= $minCell)] AS pairs
UNWIND pairs AS c
WITH n, c, [s IN single WHERE (s.a = c.a) | s.users][0] AS n_a, [s IN single WHERE (s.a = c.b) | s.users][0] AS n_b
RETURN c.a AS tag_a, c.b AS tag_b, c.users AS users, round(toFloat(c.users) * n / (n_a * n_b), 9) AS lift
ORDER BY lift DESC, tag_a, tag_b
LIMIT toInteger($top);
