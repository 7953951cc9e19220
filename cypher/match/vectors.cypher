// @title 向量最近邻 | items whose vectors point the same way
// @param id STRING
// @param label STRING = "Film"
// @param to STRING = "Course"
// @param top INTEGER = 20
// @access read
// Exact cosine of lists of numbers made elsewhere, kept in the property vector: inner product / (length x length), 0 for a vector of zeros. `graphkit match
// --by vector` rounds the numbers to 32 bits, refuses vectors of another dimension and leaves scores of 0 and below out. Here a vector
// that cannot be compared has no score and comes first: the vectors of one label come from one model.
MATCH (f:Film|Course|Brand|Channel|Tag|Material|CoProduction {id: $id})
WHERE $label IN labels(f) AND f.vector IS NOT NULL
WITH f, [x IN f.vector | toFloat(x)] AS own
MATCH (d:Film|Course|Brand|Channel|Tag|Material|CoProduction)
WHERE $to IN labels(d) AND d <> f AND d.vector IS NOT NULL
WITH d, own, [x IN d.vector | toFloat(x)] AS other
WITH d, own, other, CASE WHEN (size(own) = size(other)) THEN range(0, size(own) - 1) ELSE NULL END AS axes
WITH d, size(own) AS wanted, size(other) AS dimensions, axes, reduce(s = 0.0, i IN axes | s + own[i] * other[i]) AS inner,
  sqrt(reduce(s = 0.0, x IN own | s + x * x)) * sqrt(reduce(s = 0.0, x IN other | s + x * x)) AS lengths
WITH d, wanted, dimensions, CASE WHEN axes IS NULL THEN NULL WHEN lengths > 0 THEN round(inner / lengths, 9) ELSE 0.0 END AS score
RETURN d.id AS item, d.name AS name, wanted, dimensions, score
ORDER BY coalesce(score, 2.0) DESC, item
LIMIT toInteger($top);
