// @title 向未同意者直接触达 | direct channels that list people without consent
// @access read
// A direct channel may hold people with consent for plans only; others are dropped from every plan, and the list should be cleaned at its source.
MATCH (c:Channel)
WHERE c.kind = "direct"
MATCH (c)-[:REACHES]->(u:User)
WHERE coalesce(u.consent, false) = false OR NOT coalesce("plan" IN u.consent_scope, true)
WITH c, count(u) AS people
RETURN "Channel" AS label, c.id AS id, "lists " + toString(people) + " people without consent" AS reason, "warn" AS severity
ORDER BY id;
