// @title 删除社群 | remove communities
// @param run STRING
// @access write
// Removes the communities of a run; users stay, and so does what an experiment has drawn.
MATCH (c:Community {run: $run})
WHERE NOT EXISTS { MATCH (c)-[:ASSIGNED_TO]->(:Arm) }
DETACH DELETE c;
