// @title 关系总览 | relationships by type and ends
// @access read
// How many relationships of each type run between which labels.
MATCH (a)-[r]->(b)
WITH type(r) AS type, labels(a)[0] AS source, labels(b)[0] AS target, count(r) AS relationships
WHERE NOT source STARTS WITH "_Gk"
RETURN type, source, target, relationships
ORDER BY type, source, target;
