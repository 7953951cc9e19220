// @title 学过它的人还学了什么 | what people with the same films and courses took
// @param user STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Courses by item cosine: sum over what the user took of n(both) / sqrt(n x n), people with consent only; pairs shared by fewer than minCell people are left out.
// People are counted by id, and each item's people once: the embedded engine holds whole nodes of a DISTINCT in memory.
MATCH (p:User {id: $user})
WHERE p.consent = true AND (p.consent_scope IS NULL OR "profile" IN p.consent_scope)
MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(own:Film|Course)
WITH DISTINCT p, own
MATCH (own)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH DISTINCT p, own, u
MATCH (u)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k:Course)
WHERE k <> own
WITH p, own, k, count(DISTINCT u.id) AS n_both
WHERE n_both >= $minCell AND NOT EXISTS { MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k) }
WITH own, collect({course: k, people: n_both}) AS pairs
MATCH (own)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH own, pairs, count(DISTINCT u.id) AS n_own
UNWIND pairs AS pair
WITH pair.course AS k, count(own) AS items, sum(toFloat(pair.people) / sqrt(toFloat(n_own))) AS part
MATCH (k)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(v:User)
WHERE v.consent = true AND (v.consent_scope IS NULL OR "profile" IN v.consent_scope)
WITH k, items, part, count(DISTINCT v.id) AS n_k
RETURN k.id AS course, k.name AS name, items, round(part / sqrt(toFloat(n_k)), 9) AS score
ORDER BY score DESC, course
LIMIT $top;
