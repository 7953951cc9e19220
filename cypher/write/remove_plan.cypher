// @title 删除计划 | remove a plan
// @param plan STRING
// @access write
// Removes a plan and its items; channels, materials and films stay.
MATCH (p:Plan {id: $plan})
OPTIONAL MATCH (p)-[:HAS_ITEM]->(i:PlanItem)
DETACH DELETE i;

MATCH (p:Plan {id: $plan})
DETACH DELETE p;
