// @title 各类渠道概览 | channels by kind
// @param minCell INTEGER = 50
// @access read
// Channels of each kind, what one use of all of them costs, their audiences added up and the distinct people behind them.
// The difference between the last two is what adding up counts twice.
MATCH (c:Channel)
WITH c.kind AS kind, collect(c) AS members
CALL (members) {
  UNWIND members AS m
  MATCH (m)-[:REACHES]->(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  RETURN count(u) AS added, count(DISTINCT u) AS people
}
RETURN kind, size(members) AS channels, round(reduce(total = 0.0, m IN members | total + m.cost), 2) AS cost,
  CASE WHEN people >= $minCell THEN added ELSE NULL END AS added_up,
  CASE WHEN people >= $minCell THEN people ELSE NULL END AS distinct_people
ORDER BY kind;
