// @title 品牌契合与冲突 | partners with the same values and no conflict
// @param id STRING
// @param label STRING = "Brand"
// @param conflicts LIST<STRING> = []
// @access read
// Cosine of the weights of value tags, 0 where both carry one of the conflict tags (a tag two partners must not share, such as one
// market segment); brands, courses and films without any value tag are not measured unless they are in conflict.
MATCH (b:Film|Course|Brand {id: $id})
WHERE $label IN labels(b)
OPTIONAL MATCH (b)-[x:HAS_TAG]->(t:Tag)
WITH b, [e IN collect({tag: t.id, kind: t.kind, w: x.w}) WHERE e.tag IS NOT NULL] AS ours
MATCH (d:Brand|Course|Film)-[y:HAS_TAG]->(s:Tag)
WHERE d <> b
WITH d, ours, collect({tag: s.id, kind: s.kind, w: y.w}) AS theirs
WITH d, [c IN $conflicts WHERE any(o IN ours WHERE o.tag = c) AND any(e IN theirs WHERE e.tag = c)] AS conflict,
  [o IN ours WHERE o.kind = "value"] AS mine, [e IN theirs WHERE e.kind = "value"] AS other
WITH d, conflict,
  reduce(s = 0.0, e IN other | s + e.w * reduce(w = 0.0, o IN mine | CASE WHEN o.tag = e.tag THEN o.w ELSE w END)) AS inner,
  reduce(s = 0.0, o IN mine | s + o.w * o.w) * reduce(s = 0.0, e IN other | s + e.w * e.w) AS square
WHERE square > 0 OR size(conflict) > 0
RETURN labels(d)[0] AS label, d.id AS partner, d.name AS name, conflict,
  CASE WHEN size(conflict) > 0 THEN 0.0 ELSE round(inner / sqrt(square), 9) END AS score
ORDER BY score DESC, label, partner;
