// @title 渠道受众重叠 | channels that share a channel's audience
// @param channel STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Other channels by the number of people with consent they share with this one; pairs below minCell are left out.
MATCH (c:Channel {id: $channel})
MATCH (c)-[:REACHES]->(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH c, collect(u) AS people
UNWIND people AS u
MATCH (u)<-[:REACHES]-(d:Channel)
WHERE d.id <> c.id
WITH d, size(people) AS own, count(u) AS shared
WHERE shared >= $minCell
CALL (d) {
  MATCH (d)-[:REACHES]->(v:User)
  WHERE v.consent = true AND (v.consent_scope IS NULL OR "plan" IN v.consent_scope)
  RETURN count(v) AS other
}
RETURN d.id AS channel, d.name AS name, shared, other AS audience, round(toFloat(shared) / (own + other - shared), 9) AS jaccard
ORDER BY shared DESC, channel
LIMIT $top;
