// @title 任意两类对象的标签相似度 | items of any kind close to one by their tags
// @param id STRING
// @param label STRING = "Course"
// @param to STRING = "Film"
// @param by STRING = "cosine"
// @param top INTEGER = 20
// @access read
// From a film, course, brand, channel, material or co-production to those of the label in to, the four likenesses of `graphkit match` side by side;
// by (cosine, jaccard, weighted_jaccard, idf_cosine) says which one orders. Cosine of the tag weights; shared tags / all tags; sum of the
// smaller / sum of the larger weights; cosine with each weight times idf = ln((1 + items) / (1 + items with the tag)) + 1, items of both labels.
MATCH (n:Film|Course|Brand|Channel|Material|CoProduction)
WHERE labels(n)[0] IN [$label, $to]
WITH count(n) AS items
MATCH (f:Film|Course|Brand|Channel|Material|CoProduction {id: $id})
WHERE $label IN labels(f)
MATCH (i:Film|Course|Brand|Channel|Material|CoProduction)-[x:HAS_TAG]->(t:Tag)
WHERE labels(i)[0] IN [$label, $to]
WITH f, items, t, count(i) AS df, collect({node: i, w: x.w}) AS ties, sum(CASE WHEN i = f THEN x.w ELSE 0.0 END) AS own
WITH f, own, log(toFloat(1 + items) / (1 + df)) + 1.0 AS idf, ties
WITH f, collect({own: own, idf: idf, ties: ties}) AS tags
WITH f, tags, size([c IN tags WHERE c.own > 0]) AS ours, reduce(s = 0.0, c IN tags | s + c.own) AS mass,
  reduce(s = 0.0, c IN tags | s + c.own * c.own) AS square, reduce(s = 0.0, c IN tags | s + c.own * c.own * c.idf * c.idf) AS rare_square
UNWIND tags AS c
UNWIND c.ties AS y
WITH f, ours, mass, square, rare_square, c.own AS v, c.idf AS idf, y.node AS d, y.w AS w
WHERE d <> f AND $to IN labels(d)
WITH d, ours, mass, square, rare_square, count(*) AS theirs, count(CASE WHEN v > 0 THEN 1 ELSE NULL END) AS shared, sum(w) AS weight, sum(w * w) AS other,
  sum(w * w * idf * idf) AS rare_other, sum(v * w) AS inner, sum(v * w * idf * idf) AS rare_inner, sum(CASE WHEN v < w THEN v ELSE w END) AS least
WHERE shared > 0
WITH d, shared, round(inner / sqrt(square * other), 9) AS cosine, round(toFloat(shared) / (ours + theirs - shared), 9) AS jaccard,
  round(least / (mass + weight - least), 9) AS weighted_jaccard, round(rare_inner / sqrt(rare_square * rare_other), 9) AS idf_cosine
WITH d, shared, cosine, jaccard, weighted_jaccard, idf_cosine,
  CASE $by WHEN "jaccard" THEN jaccard WHEN "weighted_jaccard" THEN weighted_jaccard WHEN "idf_cosine" THEN idf_cosine ELSE cosine END AS score
RETURN d.id AS item, d.name AS name, shared, cosine, jaccard, weighted_jaccard, idf_cosine
ORDER BY score DESC, item
LIMIT toInteger($top);
