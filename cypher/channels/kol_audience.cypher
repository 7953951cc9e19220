// @title KOL 受众来源 | where the audience of each KOL comes from
// @param minCell INTEGER = 50
// @access read
// A KOL's people with consent: by REACHES rows, or followers of the account or of the user who runs it. A follower count alone is no audience.
MATCH (c:Channel)
WHERE c.kind = "kol"
CALL (c) {
  MATCH (c)-[:REACHES]->(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  RETURN count(u) AS reached
}
CALL (c) {
  MATCH (c)<-[:FOLLOWS]-(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  RETURN count(u) AS direct
}
CALL (c) {
  MATCH (c)<-[:RUNS]-(:User)<-[:FOLLOWS]-(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  RETURN count(DISTINCT u) AS social
}
WITH c, reached, CASE WHEN direct > social THEN direct ELSE social END AS following
RETURN c.id AS channel, c.name AS name, c.followers AS public_followers,
  CASE WHEN reached >= $minCell THEN reached ELSE NULL END AS reaches_rows,
  CASE WHEN following >= $minCell THEN following ELSE NULL END AS followers,
  CASE WHEN reached > 0 THEN "reaches" WHEN following > 0 THEN "followers" ELSE "audience unknown" END AS source
ORDER BY channel;
