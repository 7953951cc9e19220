// @title 社群模块度 | modularity of communities
// @param run STRING
// @param resolution FLOAT = 1.0
// @param minCell INTEGER = 50
// @access read
// Modularity of a run over the ties between users, counted again: share of each community's ties that stay inside, what it adds, and the sum.
MATCH (c:Community {run: $run})<-[:MEMBER_OF]-(u:User)
WHERE u.consent = true
MATCH (u)-[r:KNOWS|FOLLOWS|SHARED_WITH]-(v:User)
WHERE v.id <> u.id AND v.consent = true
  AND (type(r) = "KNOWS" OR (type(r) = "FOLLOWS" AND endNode(r).id = u.id) OR (type(r) = "SHARED_WITH" AND startNode(r).id = u.id))
MATCH (v)-[:MEMBER_OF]->(d:Community {run: $run})
WITH DISTINCT u.id AS source, v.id AS target, c.id AS own, c.size AS ownSize, d.id AS other, d.size AS otherSize
WITH own, ownSize, other, otherSize, count(*) AS arcs
WITH collect({own: own, ownSize: ownSize, other: other, otherSize: otherSize, arcs: arcs}) AS cells, sum(arcs) AS total
UNWIND cells AS cell
UNWIND [cell.own, cell.other] AS community
WITH total, community, sum(cell.arcs) AS ends, sum(CASE WHEN cell.own = cell.other THEN cell.arcs ELSE 0 END) AS twice,
  max(CASE WHEN cell.own = community THEN cell.ownSize ELSE cell.otherSize END) AS size
WITH total, community, size, toFloat(twice) / ends AS inside, toFloat(twice) / (2 * total) - $resolution * (toFloat(ends) / (2 * total)) ^ 2 AS adds
WITH collect({community: community, size: size, inside: inside, adds: adds}) AS parts, sum(adds) AS modularity
UNWIND parts AS part
RETURN part.community AS community, CASE WHEN part.size >= $minCell THEN round(part.inside, 9) ELSE NULL END AS inside,
  CASE WHEN part.size >= $minCell THEN round(part.adds, 9) ELSE NULL END AS adds, round(modularity, 9) AS modularity
ORDER BY community;
