// @title 受众接触频次 | how many channels of a set each person can hear from
// @param channels LIST<STRING>
// @param minCell INTEGER = 50
// @access read
// People with consent by the number of channels of the set that can reach them; rows below minCell people are hidden.
MATCH (c:Channel)
WHERE c.id IN $channels
MATCH (c)-[:REACHES]->(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH u, count(c) AS contacts
WITH contacts, count(u) AS people
RETURN contacts, CASE WHEN people >= $minCell THEN people ELSE NULL END AS people
ORDER BY contacts;
