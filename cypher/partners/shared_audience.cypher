// @title 品牌受众重叠 | brands that share a brand's audience
// @param brand STRING
// @param minCell INTEGER = 50
// @access read
// People with consent who follow, subscribe to or buy from both: shared, Jaccard and lift (1 = as if independent).
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
RETURN d.id AS partner, d.name AS name, shared, other AS audience,
  round(toFloat(shared) / (own + other - shared), 9) AS jaccard, round(toFloat(shared) * total / (own * other), 9) AS lift
ORDER BY shared DESC, partner;
