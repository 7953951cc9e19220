// @title 候选渠道的增量触达 | people each further channel would add
// @param have LIST<STRING> = []
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// People with consent a channel can reach and how many of them none of the channels in have can reach.
// A count below minCell is hidden, and so is one whose difference from the audience would be below it.
MATCH (u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH u, EXISTS { MATCH (u)<-[:REACHES]-(h:Channel) WHERE h.id IN $have } AS covered
MATCH (u)<-[:REACHES]-(c:Channel)
WHERE NOT c.id IN $have
WITH c, count(u) AS audience, count(CASE WHEN covered THEN NULL ELSE u END) AS fresh
WHERE audience >= $minCell
WITH c, audience, CASE WHEN fresh >= $minCell AND (audience = fresh OR audience - fresh >= $minCell) THEN fresh ELSE NULL END AS incremental
RETURN c.id AS channel, c.name AS name, c.cost AS cost, audience, incremental
ORDER BY coalesce(incremental, 0) DESC, channel
LIMIT $top;
