// @title 主题相合 | partners with the same tags
// @param id STRING
// @param label STRING = "Film"
// @access read
// Cosine of the tag weights times idf, for a film, course or brand; idf = ln((1 + nodes with tags) / (1 + nodes with this tag)) + 1.
// Brands, courses and films without any tag are not measured and do not appear.
MATCH (n:Film|Course|Brand|Channel|Material|CoProduction)-[:HAS_TAG]->(:Tag)
WITH count(DISTINCT n) AS items
MATCH (i:Film|Course|Brand|Channel|Material|CoProduction)-[:HAS_TAG]->(t:Tag)
WITH items, t, count(DISTINCT i) AS df
WITH collect({tag: t.id, idf: log(toFloat(1 + items) / (1 + df)) + 1.0}) AS weights
MATCH (f:Film|Course|Brand {id: $id})
WHERE $label IN labels(f)
MATCH (f)-[x:HAS_TAG]->(t:Tag)
WITH f, weights, t, x.w * [v IN weights WHERE v.tag = t.id | v.idf][0] AS value
WITH f, weights, collect({tag: t.id, value: value}) AS ours, sum(value * value) AS square
MATCH (d:Brand|Course|Film)-[y:HAS_TAG]->(s:Tag)
WHERE d <> f
WITH d, ours, square, s, y.w * [v IN weights WHERE v.tag = s.id | v.idf][0] AS value
WITH d, square, sum(value * value) AS other,
  sum(value * reduce(w = 0.0, o IN ours | CASE WHEN o.tag = s.id THEN o.value ELSE w END)) AS inner
RETURN labels(d)[0] AS label, d.id AS partner, d.name AS name, round(inner / sqrt(square * other), 9) AS theme
ORDER BY theme DESC, label, partner;
