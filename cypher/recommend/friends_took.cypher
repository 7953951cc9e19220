// @title 好友学了什么 | courses that friends took
// @param user STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Courses the user did not take, by how many of those he hears from did: whom he follows or knows and who shared with him (friends), and within
// two steps those whom they hear from in turn. Everybody agreed to a profile. Rows below minCell people are left out; friends are hidden where
// they, or those two steps away, are fewer. What `graphkit recommend --by cascade` draws its worlds from, at any number of steps.
MATCH (p:User {id: $user})
WHERE p.consent = true AND (p.consent_scope IS NULL OR "profile" IN p.consent_scope)
CALL (p) {
  MATCH (p)-[:FOLLOWS]->(v:User)
  RETURN v
  UNION
  MATCH (p)-[:KNOWS]-(v:User)
  RETURN v
  UNION
  MATCH (p)<-[:SHARED_WITH]-(v:User)
  RETURN v
}
WITH p, v
WHERE v <> p AND v.consent = true AND (v.consent_scope IS NULL OR "profile" IN v.consent_scope)
CALL (v) {
  RETURN v AS u, 1 AS step
  UNION ALL
  MATCH (v)-[:FOLLOWS]->(u:User)
  RETURN u, 2 AS step
  UNION ALL
  MATCH (v)-[:KNOWS]-(u:User)
  RETURN u, 2 AS step
  UNION ALL
  MATCH (v)<-[:SHARED_WITH]-(u:User)
  RETURN u, 2 AS step
}
WITH p, u, min(step) AS step
WHERE u <> p AND u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
MATCH (u)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k:Course)
WITH DISTINCT p, u, step, k
WITH p, k, count(u) AS people, count(CASE WHEN (step = 1) THEN 1 ELSE NULL END) AS near
WHERE people >= $minCell AND NOT EXISTS { MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k) }
WITH k, people, CASE WHEN near >= $minCell AND (people = near OR people - near >= $minCell) THEN near ELSE NULL END AS friends
RETURN k.id AS course, k.name AS name, friends, people AS within_two
ORDER BY coalesce(friends, 0) DESC, within_two DESC, course
LIMIT toInteger($top);
