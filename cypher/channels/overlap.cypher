// @title 渠道受众重叠 | channels that share a channel's audience
// @param channel STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// The top other channels by the number of people with consent they share with this one; pairs below minCell are left out.
// shared and jaccard count people; expected_shared and expected_jaccard the people both are expected to expose,
// sum p q and sum p q / sum (p + q - p q): the numbers of `graphkit overlap`. They are hidden, and such a pair comes last, where fewer
// than minCell people are in one of the two only, or in neither.
MATCH (n:User)
WHERE n.consent = true AND (n.consent_scope IS NULL OR "plan" IN n.consent_scope)
WITH count(n) AS everyone
MATCH (c:Channel {id: $channel})
MATCH (c)-[a:REACHES]->(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH everyone, c, collect({user: u, p: a.p}) AS people, sum(a.p) AS own_reach
UNWIND people AS x
WITH everyone, c, size(people) AS own, own_reach, x.user AS u, x.p AS p
MATCH (u)<-[b:REACHES]-(d:Channel)
WHERE d <> c
WITH everyone, own, own_reach, d, count(*) AS shared, sum(p * b.p) AS expected
WHERE shared >= $minCell
WITH everyone, own, own_reach, d, shared, expected
ORDER BY shared DESC, d.id
LIMIT toInteger($top)
CALL (d) {
  MATCH (d)-[r:REACHES]->(v:User)
  WHERE v.consent = true AND (v.consent_scope IS NULL OR "plan" IN v.consent_scope)
  RETURN count(v) AS other, sum(r.p) AS reach
}
WITH d, shared, expected, own, other, own_reach + reach AS both, everyone - other AS without,
  any(x IN [own - shared, other - shared, everyone - own - other + shared] WHERE x > 0 AND x < $minCell) AS few
WITH d, CASE WHEN few THEN NULL ELSE shared END AS shared, CASE WHEN without > 0 AND without < $minCell THEN NULL ELSE other END AS audience,
  CASE WHEN few THEN NULL ELSE round(toFloat(shared) / (own + other - shared), 9) END AS jaccard,
  CASE WHEN few THEN NULL ELSE round(toFloat(expected), 9) END AS expected_shared,
  CASE WHEN few THEN NULL WHEN both > 0 THEN round(toFloat(expected) / (both - expected), 9) ELSE 0.0 END AS expected_jaccard
RETURN d.id AS channel, d.name AS name, shared, audience, jaccard, expected_shared, expected_jaccard
ORDER BY coalesce(shared, 0) DESC, channel;
