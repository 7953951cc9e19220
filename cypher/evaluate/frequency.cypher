// @title 受众接触频次 | how many channels of a set each person can hear from
// @param channels LIST<STRING>
// @param minCell INTEGER = 50
// @access read
// People with consent by the number of channels of the set that can reach them. All rows are hidden while one holds fewer than minCell
// people (what evaluate/audience_of_set tells of the set would give it away), or while a channel alone reaches fewer.
MATCH (c:Channel)
WHERE c.id IN $channels
MATCH (c)-[:REACHES]->(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH u, count(c) AS contacts, min(c.id) AS only
WITH contacts, CASE WHEN (contacts = 1) THEN only ELSE NULL END AS only, count(u) AS people
WITH collect({contacts: contacts, people: people}) AS parts, collect(CASE WHEN (contacts = 1) THEN people ELSE NULL END) AS alone
UNWIND parts AS part
WITH alone, part.contacts AS contacts, sum(part.people) AS people
WITH collect({contacts: contacts, people: people}) AS times, alone
WITH times, (all(t IN times WHERE t.people >= $minCell) AND all(n IN alone WHERE n >= $minCell)) AS shown
UNWIND times AS t
RETURN t.contacts AS contacts, CASE WHEN shown THEN t.people ELSE NULL END AS people
ORDER BY contacts;
