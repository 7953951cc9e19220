// @title 影片主题到课程的证据路径 | paths film - tag - course behind each course, with their part of the score
// @param film STRING
// @param top INTEGER = 50
// @access read
// Each shared tag's part of the idf cosine of match/film_courses: the parts of a course sum to its score.
MATCH (n:Film|Course)
WITH count(n) AS items
MATCH (i:Film|Course)-[:HAS_TAG]->(t:Tag)
WITH items, t, count(DISTINCT i) AS df
WITH collect({tag: t.id, idf: log(toFloat(1 + items) / (1 + df)) + 1.0}) AS weights
MATCH (f:Film {id: $film})
MATCH (f)-[x:HAS_TAG]->(t:Tag)
WITH f, weights, t, x.w * [v IN weights WHERE v.tag = t.id | v.idf][0] AS value
WITH f, weights, collect({tag: t.id, value: value}) AS ours, sum(value * value) AS square
MATCH (k:Course)-[y:HAS_TAG]->(s:Tag)
WITH f, k, ours, square, s, y.w * [v IN weights WHERE v.tag = s.id | v.idf][0] AS value
WITH f, k, ours, square, sum(value * value) AS other, collect({tag: s, value: value}) AS theirs
UNWIND theirs AS c
WITH f, k, square, other, c.tag AS s, c.value * reduce(w = 0.0, o IN ours | CASE WHEN o.tag = c.tag.id THEN o.value ELSE w END) AS product
WHERE product > 0
RETURN f.id AS film, s.id AS tag, s.name AS tag_name, k.id AS course, k.name AS name, k.field AS field, round(product / sqrt(square * other), 9) AS part
ORDER BY part DESC, course, tag
LIMIT toInteger($top);
