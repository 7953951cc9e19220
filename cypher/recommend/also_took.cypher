// @title 学过它的人还学了什么 | what people with the same films and courses took
// @param user STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Courses by item cosine: sum over what the user took of n(both) / sqrt(n x n), people with consent only; pairs shared by fewer than minCell people are left out.
MATCH (p:User {id: $user})
WHERE p.consent = true AND (p.consent_scope IS NULL OR "profile" IN p.consent_scope)
MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(own:Film|Course)
WITH DISTINCT p, own
MATCH (own)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH p, own, collect(DISTINCT u) AS people
UNWIND people AS u
MATCH (u)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k:Course)
WHERE k <> own
WITH p, own, size(people) AS n_own, k, count(DISTINCT u) AS n_both
WHERE n_both >= $minCell AND NOT EXISTS { MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k) }
MATCH (k)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(v:User)
WHERE v.consent = true AND (v.consent_scope IS NULL OR "profile" IN v.consent_scope)
WITH own, n_own, k, n_both, count(DISTINCT v) AS n_k
WITH k, count(own) AS items, sum(toFloat(n_both) / sqrt(toFloat(n_own * n_k))) AS score
RETURN k.id AS course, k.name AS name, items, round(score, 9) AS score
ORDER BY score DESC, course
LIMIT $top;
