// @title 标签集合相似度 | courses with the same set of tags as a film
// @param film STRING
// @param top INTEGER = 20
// @access read
// Shared tags / all tags of film and course; weights play no part.
MATCH (f:Film {id: $film})
MATCH (f)-[:HAS_TAG]->(t:Tag)
WITH collect(DISTINCT t.id) AS ours
MATCH (k:Course)-[:HAS_TAG]->(s:Tag)
WITH ours, k, collect(DISTINCT s.id) AS theirs
WITH k, size(ours) AS own, size(theirs) AS other, size([x IN theirs WHERE x IN ours]) AS shared
WHERE shared > 0
RETURN k.id AS course, k.name AS name, shared, round(toFloat(shared) / (own + other - shared), 9) AS jaccard
ORDER BY jaccard DESC, course
LIMIT toInteger($top);
