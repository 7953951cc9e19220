// @title 删除社群 | remove communities
// @param run STRING
// @access write
// Removes the communities of a run, also of one that was cut off; users stay, and so does what an experiment has drawn.
MATCH (c:Community)
WHERE (c.run = $run OR (c.run IS NULL AND c.id STARTS WITH ($run + "/"))) AND NOT EXISTS { MATCH (c)-[:ASSIGNED_TO]->(:Arm) }
DETACH DELETE c;
