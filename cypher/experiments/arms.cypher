// @title 实验分组 | arms of an experiment
// @param experiment STRING
// @param minCell INTEGER = 50
// @access read
// Each arm with its share, the communities assigned to it and the users in them; small numbers of users are left out.
MATCH (e:Experiment {id: $experiment})
MATCH (e)-[:HAS_ARM]->(a:Arm)
OPTIONAL MATCH (a)<-[:ASSIGNED_TO]-(c:Community)
WITH a, count(c) AS communities, sum(c.size) AS users
RETURN a.id AS arm, a.name AS name, a.share AS share, communities, CASE WHEN users >= $minCell THEN users ELSE NULL END AS users
ORDER BY arm;
