// @title 保存社群 | keep communities
// @param run STRING
// @param communities LIST<MAP>
// @param members LIST<MAP>
// @access write
// Writes the communities of a run and ties every user to its own; the same run again changes nothing, other runs stay.
UNWIND $communities AS row
MERGE (c:Community {id: row.id})
SET c += row.properties, c.run = $run;

UNWIND $members AS row
MATCH (u:User {id: row.user})
MATCH (c:Community {id: row.community})
MERGE (u)-[:MEMBER_OF]->(c);
