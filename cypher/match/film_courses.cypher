// @title 影片主题对应的课程 | courses on the themes of a film
// @param film STRING
// @param top INTEGER = 20
// @access read
// Cosine of the tag weights of film and course, each weight times idf = ln((1 + items) / (1 + items with the tag)) + 1 over all films and courses.
MATCH (n:Film|Course)
WITH count(n) AS items
MATCH (i:Film|Course)-[:HAS_TAG]->(t:Tag)
WITH items, t, count(DISTINCT i) AS df
WITH collect({tag: t.id, idf: log(toFloat(1 + items) / (1 + df)) + 1.0}) AS weights
MATCH (f:Film {id: $film})
MATCH (f)-[x:HAS_TAG]->(t:Tag)
WITH weights, t, x.w * [v IN weights WHERE v.tag = t.id | v.idf][0] AS value
WITH weights, collect({tag: t.id, value: value}) AS ours, sum(value * value) AS square
MATCH (k:Course)-[y:HAS_TAG]->(s:Tag)
WITH k, ours, square, s, y.w * [v IN weights WHERE v.tag = s.id | v.idf][0] AS value
WITH k, square, sum(value * value) AS other,
  sum(value * reduce(w = 0.0, o IN ours | CASE WHEN o.tag = s.id THEN o.value ELSE w END)) AS inner,
  count(CASE WHEN any(o IN ours WHERE o.tag = s.id) THEN s ELSE NULL END) AS shared
WHERE shared > 0
RETURN k.id AS course, k.name AS name, shared, round(inner / sqrt(square * other), 9) AS score
ORDER BY score DESC, course
LIMIT toInteger($top);
