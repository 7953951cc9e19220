// @title 保存计划 | keep a plan
// @param plan STRING
// @param properties MAP
// @param items LIST<MAP>
// @param forLabel STRING
// @param forId STRING
// @param rejected LIST<MAP>
// @access write
// Writes a plan, its items, the channel or placement (CoProduction), the material and the tracking code of each, what the plan promotes
// and what it rejected, once for each rule; the same plan again changes nothing.
MERGE (p:Plan {id: $plan})
SET p += $properties;

UNWIND $items AS row
MATCH (p:Plan {id: $plan})
MERGE (i:PlanItem {id: row.id})
SET i += row.properties
MERGE (p)-[:HAS_ITEM]->(i);

UNWIND $items AS row
MATCH (i:PlanItem {id: row.id})
MATCH (c:Channel {id: row.channel})
MERGE (i)-[:USES]->(c);

UNWIND $items AS row
MATCH (i:PlanItem {id: row.id})
MATCH (k:CoProduction {id: row.placement})
MERGE (i)-[:USES]->(k);

UNWIND $items AS row
MATCH (i:PlanItem {id: row.id})
MATCH (m:Material {id: row.material})
MERGE (i)-[:USES]->(m);

UNWIND $items AS row
MATCH (i:PlanItem {id: row.id})
MATCH (t:Touchpoint {code: row.code})
MERGE (i)-[:CARRIES]->(t);

MATCH (p:Plan {id: $plan})
MATCH (f:Film {id: $forId})
WHERE $forLabel = "Film"
MERGE (p)-[:PROMOTES]->(f);

MATCH (p:Plan {id: $plan})
MATCH (c:Course {id: $forId})
WHERE $forLabel = "Course"
MERGE (p)-[:PROMOTES]->(c);

MATCH (p:Plan {id: $plan})
MATCH (c:CoProduction {id: $forId})
WHERE $forLabel = "CoProduction"
MERGE (p)-[:PROMOTES]->(c);

UNWIND $rejected AS row
MATCH (p:Plan {id: $plan})
MATCH (c:Channel {id: row.channel})
MERGE (p)-[r:REJECTS {rule: row.rule}]->(c)
SET r.reason = row.reason;

UNWIND $rejected AS row
MATCH (p:Plan {id: $plan})
MATCH (k:CoProduction {id: row.placement})
WHERE NOT EXISTS { MATCH (c:Channel {id: row.channel}) }
MERGE (p)-[r:REJECTS {rule: row.rule}]->(k)
SET r.reason = row.reason;
