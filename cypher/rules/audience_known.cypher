// @title 受众不明的渠道 | channels whose audience is unknown
// @access read
// Without REACHES rows, followers or an audience filter a channel stays out of certified reach, however many public followers it states.
MATCH (c:Channel)
WHERE c.audience_filter IS NULL
  AND NOT EXISTS { MATCH (c)-[:REACHES]->(u:User) }
  AND NOT EXISTS { MATCH (c)<-[:FOLLOWS]-(u:User) }
  AND NOT EXISTS { MATCH (c)<-[:RUNS]-(a:User) }
RETURN "Channel" AS label, c.id AS id, "audience unknown" AS reason, "block" AS severity
ORDER BY id;
