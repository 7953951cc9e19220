// @title 新增受众 | how many people each partner adds
// @param id STRING
// @param label STRING = "Film"
// @param minCell INTEGER = 50
// @param without LIST<STRING> = []
// @access read
// Share of the candidates that add no more people than this one. A partner's people follow, study, subscribe to or buy from it;
// those are added whom the film, course or brand itself does not have. Our own brands are no candidates, nor are those in without
// (as Label:id, such as who leads the split); small cells are hidden.
MATCH (f:Film|Course|Brand {id: $id})
WHERE $label IN labels(f)
MATCH (b:Brand|Course)<-[:FOLLOWS|ENROLLED|SUBSCRIBES|BOUGHT]-(u:User)
WHERE b <> f AND coalesce(b.ours, false) = false AND NOT (labels(b)[0] + ":" + b.id) IN $without AND u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH f, u, collect(DISTINCT b) AS brands
WITH brands, EXISTS { MATCH (u)-[:FOLLOWS|ENROLLED|SUBSCRIBES|BOUGHT|WATCHED|WANTS|LIKES]->(f) } AS covered
UNWIND brands AS b
WITH b, count(*) AS audience, count(CASE WHEN covered THEN NULL ELSE 1 END) AS fresh
WHERE audience >= $minCell
WITH collect({label: labels(b)[0], partner: b.id, name: b.name, audience: audience, fresh: fresh}) AS every
UNWIND every AS r
WITH r, toFloat(size([q IN every WHERE q.fresh <= r.fresh])) / size(every) AS share
RETURN r.label AS label, r.partner AS partner, r.name AS name, r.audience AS audience,
  CASE WHEN r.fresh >= $minCell AND (r.fresh = r.audience OR r.audience - r.fresh >= $minCell) THEN r.fresh ELSE NULL END AS incremental,
  round(share, 9) AS score
ORDER BY score DESC, label, partner;
