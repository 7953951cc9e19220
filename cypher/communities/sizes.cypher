// @title 社群人数 | sizes of communities
// @param run STRING
// @param minCell INTEGER = 50
// @access read
// Each community of a run with its users: those found then and those with consent now; small numbers are left out.
MATCH (c:Community {run: $run})
OPTIONAL MATCH (c)<-[:MEMBER_OF]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH c, count(u) AS now
RETURN c.id AS community, CASE WHEN c.size >= $minCell THEN c.size ELSE NULL END AS size, CASE WHEN now >= $minCell THEN now ELSE NULL END AS users
ORDER BY coalesce(size, 0) DESC, community;
