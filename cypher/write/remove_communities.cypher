// @title 删除社群 | remove communities
// @param run STRING
// @param most INTEGER = 1000000000
// @access write
// Removes the communities of a run, also of one that was cut off; users stay, and so does what an experiment has drawn.
// Where a server has little memory for a transaction, give a smaller `most` and repeat until nothing is removed: the
// communities lose the name of their run first, so no query finds a half of it.
MATCH (c:Community {run: $run})
WHERE c.id STARTS WITH ($run + "/") AND NOT EXISTS { MATCH (c)-[:ASSIGNED_TO]->(:Arm) }
REMOVE c.run;

MATCH (c:Community)
WHERE c.run IS NULL AND c.id STARTS WITH ($run + "/") AND NOT EXISTS { MATCH (c)-[:ASSIGNED_TO]->(:Arm) }
MATCH (c)<-[m:MEMBER_OF]-(:User)
WITH m LIMIT $most
DELETE m
WITH count(*) AS removed
WHERE (removed > 0)
RETURN removed;

MATCH (c:Community)
WHERE c.run IS NULL AND c.id STARTS WITH ($run + "/") AND NOT EXISTS { MATCH (c)-[:ASSIGNED_TO]->(:Arm) } AND NOT EXISTS { MATCH (c)<-[:MEMBER_OF]-(:User) }
WITH c LIMIT $most
DETACH DELETE c
WITH count(*) AS removed
WHERE (removed > 0)
RETURN removed;
