// @title 标签关联 | tags that people combine
// @param top INTEGER = 50
// @param minCell INTEGER = 50
// @access read
// Pairs of tags by lift n_ab N / (n_a n_b) over people with consent and a tagged item; pairs below minCell people are left out.
MATCH (u:User)
WHERE u.consent = true
MATCH (u)-[:WATCHED|WANTS|LIKES|ENROLLED]->(i:Film|Course)
MATCH (i)-[:HAS_TAG]->(t:Tag)
WITH u, collect(DISTINCT t.id) AS tags
WITH collect(tags) AS baskets
WITH baskets, size(baskets) AS n
UNWIND baskets AS basket
UNWIND basket AS a
WITH baskets, n, a, count(*) AS n_a
WITH baskets, n, collect({tag: a, users: n_a}) AS single
UNWIND baskets AS basket
UNWIND basket AS a
UNWIND basket AS b
WITH n, single, a, b, count(*) AS n_ab
WHERE a < b AND n_ab >= $minCell
WITH n, a, b, n_ab, [s IN single WHERE s.tag = a | s.users][0] AS n_a, [s IN single WHERE s.tag = b | s.users][0] AS n_b
RETURN a AS tag_a, b AS tag_b, n_ab AS users, round(toFloat(n_ab) * n / (n_a * n_b), 9) AS lift
ORDER BY lift DESC, tag_a, tag_b
LIMIT $top;
