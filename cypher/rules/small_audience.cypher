// @title 受众过小的渠道 | channels with too few people
// @param minCell INTEGER = 50
// @access read
// A listed audience below minCell people with consent is not addressed and its size is not shown.
MATCH (c:Channel)
WHERE EXISTS { MATCH (c)-[:REACHES]->(v:User) }
CALL (c) {
  MATCH (c)-[:REACHES]->(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  RETURN count(u) AS people
}
WITH c, people
WHERE people < $minCell
RETURN "Channel" AS label, c.id AS id, "audience below " + toString(toInteger($minCell)) + " people" AS reason, "block" AS severity
ORDER BY id;
