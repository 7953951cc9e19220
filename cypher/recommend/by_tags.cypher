// @title 按兴趣标签推荐课程 | courses on the tags a user likes
// @param user STRING
// @param top INTEGER = 20
// @access read
// Cosine of the summed tags of what the user took with the tags of each course he did not take.
MATCH (p:User {id: $user})
WHERE p.consent = true AND (p.consent_scope IS NULL OR "profile" IN p.consent_scope)
MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(i:Film|Course)
WITH DISTINCT p, i
MATCH (i)-[x:HAS_TAG]->(t:Tag)
WITH p, t, sum(x.w) AS w
WITH p, collect({tag: t.id, w: w}) AS mine, sum(w * w) AS square
MATCH (k:Course)-[y:HAS_TAG]->(s:Tag)
WHERE NOT EXISTS { MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k) }
WITH k, square, sum(y.w * y.w) AS other,
  sum(y.w * reduce(v = 0.0, o IN mine | CASE WHEN o.tag = s.id THEN o.w ELSE v END)) AS inner,
  count(CASE WHEN any(o IN mine WHERE o.tag = s.id) THEN s ELSE NULL END) AS shared
WHERE shared > 0
RETURN k.id AS course, k.name AS name, shared, round(inner / sqrt(square * other), 9) AS score
ORDER BY score DESC, course
LIMIT toInteger($top);
