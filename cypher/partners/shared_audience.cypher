// @title 品牌受众重叠 | brands that share a brand's audience
// @param brand STRING
// @param minCell INTEGER = 50
// @access read
// People with consent who follow, subscribe to or buy from both: shared, Jaccard and lift (1 = as if independent); pairs below minCell
// are left out, and the three are hidden where fewer than minCell people are in one of the two only, or in neither.
MATCH (n:User)
WHERE n.consent = true AND (n.consent_scope IS NULL OR "plan" IN n.consent_scope)
WITH count(n) AS total
MATCH (b:Brand {id: $brand})
MATCH (b)<-[:FOLLOWS|SUBSCRIBES|BOUGHT]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH total, b, collect(DISTINCT u) AS people
UNWIND people AS u
MATCH (u)-[:FOLLOWS|SUBSCRIBES|BOUGHT]->(d:Brand)
WHERE d.id <> b.id
WITH total, d, size(people) AS own, count(DISTINCT u) AS shared
WHERE shared >= $minCell
CALL (d) {
  MATCH (d)<-[:FOLLOWS|SUBSCRIBES|BOUGHT]-(v:User)
  WHERE v.consent = true AND (v.consent_scope IS NULL OR "plan" IN v.consent_scope)
  RETURN count(DISTINCT v) AS other
}
WITH d, shared, own, other, total, total - other AS without,
  any(x IN [own - shared, other - shared, total - own - other + shared] WHERE x > 0 AND x < $minCell) AS few
WITH d, CASE WHEN few THEN NULL ELSE shared END AS shared, CASE WHEN without > 0 AND without < $minCell THEN NULL ELSE other END AS audience,
  CASE WHEN few THEN NULL ELSE round(toFloat(shared) / (own + other - shared), 9) END AS jaccard,
  CASE WHEN few THEN NULL ELSE round(toFloat(shared) * total / (own * other), 9) END AS lift
RETURN d.id AS partner, d.name AS name, shared, audience, jaccard, lift
ORDER BY coalesce(shared, 0) DESC, partner;
