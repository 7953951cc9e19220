// @title 伙伴组合逐个新增 | what each partner of a list adds to the others
// @param id STRING
// @param partners LIST<STRING>
// @param label STRING = "Film"
// @param led BOOLEAN = false
// @param minCell INTEGER = 50
// @access read
// The partners (as Label:id) in the order of the list: people beyond the item's own audience and those listed before (adds),
// beyond it and all the others (exclusive), the Shapley share of the people reached (one person counts 1 / k for each of the k
// partners that reach him, 1 / (k (k + 1)) when the split has a lead), and what all of them reach (reached; joint with the item's
// own audience). Partners with fewer people than minCell take no part; small parts are hidden.
MATCH (b:Brand|Course)
WHERE (labels(b)[0] + ":" + b.id) IN $partners
CALL (b) {
  MATCH (b)<-[:FOLLOWS|ENROLLED|SUBSCRIBES|BOUGHT]-(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  RETURN count(DISTINCT u.id) AS audience
}
WITH b, audience
WHERE audience > 0 AND audience >= $minCell
WITH collect({key: labels(b)[0] + ":" + b.id, node: b}) AS known
WITH known, [x IN known | x.key] AS keys
WITH known, reduce(seen = [], x IN $partners | CASE WHEN (x IN keys AND NOT x IN seen) THEN seen + [x] ELSE seen END) AS listed
MATCH (f:Film|Course|Brand {id: $id})
WHERE $label IN labels(f)
CALL (f) {
  MATCH (f)<-[:FOLLOWS|ENROLLED|SUBSCRIBES|BOUGHT|WATCHED|WANTS|LIKES]-(o:User)
  WHERE o.consent = true AND (o.consent_scope IS NULL OR "plan" IN o.consent_scope)
  RETURN count(DISTINCT o.id) AS own
}
UNWIND known AS one
WITH own, one.node AS b, [i IN range(0, size(listed) - 1) WHERE listed[i] = one.key][0] AS place
MATCH (b)<-[:FOLLOWS|ENROLLED|SUBSCRIBES|BOUGHT]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH own, u, collect(DISTINCT {place: place, label: labels(b)[0], id: b.id, name: b.name}) AS cells
WITH own, u, cells, [c IN cells | c.place] AS places
WITH own, cells, reduce(low = places[0], x IN places | CASE WHEN (x < low) THEN x ELSE low END) AS first, size(places) AS k,
  EXISTS { MATCH (u)-[:FOLLOWS|ENROLLED|SUBSCRIBES|BOUGHT|WATCHED|WANTS|LIKES]->(x:Film|Course|Brand) WHERE x.id = $id AND $label IN labels(x) } AS covered
UNWIND cells AS c
WITH own, c.place AS place, c.label AS label, c.id AS partner, c.name AS name, first, k, covered
WITH own, place, label, partner, name, count(*) AS audience, sum(CASE WHEN (place = first) THEN 1 ELSE 0 END) AS met,
  sum(CASE WHEN (covered OR place <> first) THEN 0 ELSE 1 END) AS adds, sum(CASE WHEN (covered OR k > 1) THEN 0 ELSE 1 END) AS exclusive,
  sum(CASE WHEN $led THEN 1.0 / (k * (k + 1)) ELSE 1.0 / k END) AS share
WITH own, collect({place: place, label: label, partner: partner, name: name, audience: audience, met: met, adds: adds, exclusive: exclusive, share: share}) AS every
WITH every, reduce(n = 0, x IN every | n + x.met) AS reached, reduce(n = own, x IN every | n + x.adds) AS joint
UNWIND every AS r
RETURN r.place + 1 AS place, r.label AS label, r.partner AS partner, r.name AS name, r.audience AS audience,
  CASE WHEN (r.adds >= $minCell AND (r.adds = r.audience OR r.audience - r.adds >= $minCell)) THEN r.adds ELSE NULL END AS adds,
  CASE WHEN (r.exclusive >= $minCell AND (r.exclusive = r.audience OR r.audience - r.exclusive >= $minCell)) THEN r.exclusive ELSE NULL END AS exclusive,
  round(toFloat(r.share), 9) AS share, reached, joint
ORDER BY place;
