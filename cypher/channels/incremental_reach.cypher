// @title 候选渠道的增量触达 | people each further channel would add
// @param have LIST<STRING> = []
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// People with consent a channel can reach and how many of them none of the channels in have can reach.
// A count below minCell is hidden, and so is one whose difference from the audience would be below it.
// Two passes over the ties, from all channels and from the people of those in have, so that no tie asks whether its channel is listed.
CALL () {
  MATCH (c:Channel)-[:REACHES]->(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  RETURN c, count(u) AS people, 0 AS met
  UNION ALL
  MATCH (h:Channel)
  WHERE h.id IN $have
  MATCH (h)-[:REACHES]->(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  WITH DISTINCT u
  MATCH (u)<-[:REACHES]-(c:Channel)
  RETURN c, 0 AS people, count(*) AS met
}
WITH c, sum(people) AS audience, sum(people) - sum(met) AS fresh
WHERE audience >= $minCell AND NOT c.id IN $have
WITH c, audience, CASE WHEN fresh >= $minCell AND (audience = fresh OR audience - fresh >= $minCell) THEN fresh ELSE NULL END AS incremental
RETURN c.id AS channel, c.name AS name, c.cost AS cost, audience, incremental
ORDER BY coalesce(incremental, 0) DESC, channel
LIMIT toInteger($top);
