// @title 候选伙伴的增量触达 | incremental reach of candidate partners
// @param film STRING
// @param have LIST<STRING> = []
// @param minCell INTEGER = 50
// @access read
// People with consent who watched, want or like the film, by the brand or course they also follow, study or subscribe to;
// incremental are those whom none of the partners in have covers. Small cells and small differences are hidden.
// Whom a partner adds beyond the film's own people is told by partners/audience, for a list of partners by partners/portfolio.
MATCH (f:Film {id: $film})
MATCH (f)<-[:WATCHED|WANTS|LIKES]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH DISTINCT u
WITH u, CASE WHEN (size($have) = 0) THEN false ELSE EXISTS { MATCH (u)-[:FOLLOWS|ENROLLED|SUBSCRIBES]->(x:Brand|Course) WHERE x.id IN $have } END AS covered
MATCH (u)-[:FOLLOWS|ENROLLED|SUBSCRIBES]->(b:Brand|Course)
WHERE NOT b.id IN $have
WITH b, count(DISTINCT u) AS shared, count(DISTINCT CASE WHEN covered THEN NULL ELSE u END) AS fresh
WHERE shared >= $minCell
WITH b, shared, CASE WHEN fresh >= $minCell AND (shared = fresh OR shared - fresh >= $minCell) THEN fresh ELSE NULL END AS incremental
RETURN labels(b)[0] AS label, b.id AS partner_id, b.name AS partner, shared, incremental
ORDER BY coalesce(incremental, 0) DESC, partner_id, label;
