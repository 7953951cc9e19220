// @title 保存社群 | keep communities
// @param run STRING
// @param communities LIST<MAP>
// @param members LIST<MAP>
// @access write
// Ties every user to its community and names the run of the communities; the same run again changes nothing, other runs stay.
// Members come first and in batches: until its communities bear the name of the run, no query finds a half of it.
UNWIND $members AS row
MATCH (u:User {id: row.user})
MERGE (c:Community {id: row.community})
MERGE (u)-[:MEMBER_OF]->(c);

UNWIND $communities AS row
MERGE (c:Community {id: row.id})
SET c += row.properties, c.run = $run;
