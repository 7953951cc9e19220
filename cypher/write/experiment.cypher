// @title 保存实验 | keep an experiment
// @param experiment STRING
// @param properties MAP
// @param arms LIST<MAP>
// @param communities LIST<MAP>
// @param members LIST<MAP>
// @param plan STRING
// @access write
// Writes a design: its arms, the communities of friends drawn into each, their members, and the plan it tests; the same design again changes nothing.
// Members may come before in batches, without arms: the experiment itself appears with its arms, when all of them are there.
UNWIND $members AS row
MATCH (u:User {id: row.user})
MERGE (c:Community {id: row.community})
MERGE (u)-[:MEMBER_OF]->(c);

UNWIND $arms AS row
MERGE (e:Experiment {id: $experiment})
SET e += $properties
MERGE (a:Arm {id: row.id})
SET a += row.properties
MERGE (e)-[:HAS_ARM]->(a);

UNWIND $communities AS row
MATCH (a:Arm {id: row.arm})
MERGE (c:Community {id: row.id})
SET c += row.properties
MERGE (c)-[:ASSIGNED_TO]->(a);

MATCH (e:Experiment {id: $experiment})
MATCH (p:Plan {id: $plan})
MERGE (e)-[:TESTS]->(p);
