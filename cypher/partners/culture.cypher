// @title 价值观契合 | brands with the same values
// @param brand STRING
// @access read
// Cosine of the weights of value tags; brands without any value tag are not measured and do not appear.
MATCH (b:Brand {id: $brand})
MATCH (b)-[x:HAS_TAG]->(t:Tag)
WHERE t.kind = "value"
WITH b, collect({tag: t.id, w: x.w}) AS ours, sum(x.w * x.w) AS square
MATCH (d:Brand)
WHERE d.id <> b.id
MATCH (d)-[y:HAS_TAG]->(s:Tag)
WHERE s.kind = "value"
WITH d, square, sum(y.w * y.w) AS other,
  sum(y.w * reduce(w = 0.0, o IN ours | CASE WHEN o.tag = s.id THEN o.w ELSE w END)) AS inner,
  count(CASE WHEN any(o IN ours WHERE o.tag = s.id) THEN s ELSE NULL END) AS shared
RETURN d.id AS partner, d.name AS name, shared, round(inner / sqrt(square * other), 9) AS cosine
ORDER BY cosine DESC, partner;
