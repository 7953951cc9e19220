// @title 渠道受众重叠 | channels that share a channel's audience
// @param channel STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Other channels by the number of people with consent they share with this one; pairs below minCell are left out.
// shared and jaccard count people; expected_shared and expected_jaccard the people both are expected to expose,
// sum p q and sum p q / sum (p + q - p q): the numbers of `graphkit overlap`.
MATCH (c:Channel {id: $channel})
MATCH (c)-[a:REACHES]->(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH c, u, a.p AS p
MATCH (u)<-[b:REACHES]-(d:Channel)
WHERE d.id <> c.id
WITH c, d, count(u) AS shared, sum(p * b.p) AS expected
WHERE shared >= $minCell
CALL (c) {
  MATCH (c)-[r:REACHES]->(v:User)
  WHERE v.consent = true AND (v.consent_scope IS NULL OR "plan" IN v.consent_scope)
  RETURN count(v) AS own, sum(r.p) AS own_reach
}
CALL (d) {
  MATCH (d)-[r:REACHES]->(v:User)
  WHERE v.consent = true AND (v.consent_scope IS NULL OR "plan" IN v.consent_scope)
  RETURN count(v) AS other, sum(r.p) AS reach
}
RETURN d.id AS channel, d.name AS name, shared, other AS audience, round(toFloat(shared) / (own + other - shared), 9) AS jaccard,
  round(toFloat(expected), 9) AS expected_shared,
  CASE WHEN own_reach + reach > 0 THEN round(toFloat(expected) / (own_reach + reach - expected), 9) ELSE 0.0 END AS expected_jaccard
ORDER BY shared DESC, channel
LIMIT $top;
