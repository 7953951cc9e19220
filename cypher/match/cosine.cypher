// @title 标签余弦相似度 | courses close to a film by tag weights
// @param film STRING
// @param top INTEGER = 20
// @access read
// Cosine of the tag weights of film and course: inner product / (length x length).
MATCH (f:Film {id: $film})
MATCH (f)-[x:HAS_TAG]->(t:Tag)
WITH collect({tag: t.id, w: x.w}) AS ours, sum(x.w * x.w) AS square
MATCH (k:Course)-[y:HAS_TAG]->(s:Tag)
WITH k, square, sum(y.w * y.w) AS other,
  sum(y.w * reduce(v = 0.0, o IN ours | CASE WHEN o.tag = s.id THEN o.w ELSE v END)) AS inner,
  count(CASE WHEN any(o IN ours WHERE o.tag = s.id) THEN s ELSE NULL END) AS shared
WHERE shared > 0
RETURN k.id AS course, k.name AS name, shared, round(inner / sqrt(square * other), 9) AS score
ORDER BY score DESC, course
LIMIT toInteger($top);
