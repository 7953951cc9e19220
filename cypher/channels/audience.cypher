// @title 渠道受众与单次触达成本 | audience and price per contact of each channel
// @param kind STRING = ""
// @param minCell INTEGER = 50
// @access read
// People with consent whom each channel can reach, the contacts one use buys (sum of p), and the price of one contact.
// An empty kind means all kinds; figures of audiences below minCell are hidden.
MATCH (c:Channel)
WHERE $kind = "" OR c.kind = $kind
CALL (c) {
  MATCH (c)-[r:REACHES]->(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  RETURN count(u) AS people, sum(r.p) AS p
}
WITH c, people, toFloat(p) AS p, (people >= $minCell) AS shown
RETURN c.id AS channel, c.name AS name, c.kind AS kind, c.cost AS cost,
  CASE WHEN shown THEN people ELSE NULL END AS audience,
  CASE WHEN shown THEN round(p, 6) ELSE NULL END AS contacts,
  CASE WHEN shown AND (p > 0.0) THEN round(c.cost / p, 6) ELSE NULL END AS cost_per_contact
ORDER BY channel;
