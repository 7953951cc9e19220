// @title 社群模块度 | modularity of communities
// @param run STRING
// @param minCell INTEGER = 50
// @access read
// Modularity of a run, counted again over the ties between users that it was found on, with the weights and the resolution kept with it
// (communities/list says which): share of each community's ties that stay inside, what it adds, and the sum.
// A run over anything else (other labels or types, shared nodes, groups of an experiment) has no row.
MATCH (c:Community {run: $run})<-[:MEMBER_OF]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope) AND c.resolution IS NOT NULL
MATCH (u)-[r:KNOWS|FOLLOWS|SHARED_WITH]-(v:User)
WHERE v.id <> u.id AND v.consent = true AND (v.consent_scope IS NULL OR "plan" IN v.consent_scope)
  AND ((type(r) = "KNOWS" AND c.knows > 0) OR (type(r) = "FOLLOWS" AND c.follows > 0 AND endNode(r).id = u.id)
    OR (type(r) = "SHARED_WITH" AND c.shared_with > 0 AND startNode(r).id = u.id))
MATCH (v)-[:MEMBER_OF]->(d:Community {run: $run})
WITH DISTINCT u.id AS source, v.id AS target, type(r) AS type, c.id AS own, c.size AS ownSize, d.id AS other, d.size AS otherSize,
  c.resolution AS resolution, c.parallel_add AS adding, CASE type(r) WHEN "KNOWS" THEN c.knows WHEN "FOLLOWS" THEN c.follows ELSE c.shared_with END AS weight
WITH source, target, own, ownSize, other, otherSize, resolution, adding, sum(weight) AS together, max(weight) AS once
WITH own, ownSize, other, otherSize, resolution, sum(CASE WHEN adding THEN together ELSE once END) AS arcs
WITH collect({own: own, ownSize: ownSize, other: other, otherSize: otherSize, arcs: arcs}) AS cells, sum(arcs) AS total, max(resolution) AS resolution
UNWIND cells AS cell
UNWIND [cell.own, cell.other] AS community
WITH total, resolution, community, sum(cell.arcs) AS ends, sum(CASE WHEN cell.own = cell.other THEN cell.arcs ELSE 0.0 END) AS twice,
  max(CASE WHEN cell.own = community THEN cell.ownSize ELSE cell.otherSize END) AS size
WITH total, community, size, twice / ends AS inside, twice / (2 * total) - resolution * (ends / (2 * total)) ^ 2 AS adds
WITH collect({community: community, size: size, inside: inside, adds: adds}) AS parts, sum(adds) AS modularity
UNWIND parts AS part
RETURN part.community AS community, CASE WHEN part.size >= $minCell THEN round(part.inside, 9) ELSE NULL END AS inside,
  CASE WHEN part.size >= $minCell THEN round(part.adds, 9) ELSE NULL END AS adds, round(modularity, 9) AS modularity
ORDER BY community;
