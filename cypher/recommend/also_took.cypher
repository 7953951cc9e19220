// @title 学过它的人还学了什么 | what people with the same films and courses took
// @param user STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Courses by item cosine: sum over what the user took of n(both) / sqrt(n x n), people with consent only; pairs shared by fewer than minCell people are left out.
// Each item is worked out in a call of its own, so that people are told apart among its own only. The people of a course, n, are counted
// only where its score can be among the first: n is at least the most people shared with one item, and at most the ties the course has.
MATCH (p:User {id: $user})
WHERE p.consent = true AND (p.consent_scope IS NULL OR "profile" IN p.consent_scope)
MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(own:Film|Course)
WITH DISTINCT p, own
CALL (own) {
  MATCH (own)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
  RETURN count(DISTINCT u) AS n_own
}
CALL (own) {
  MATCH (own)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
  WITH DISTINCT own, u
  MATCH (u)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k:Course)
  WHERE k <> own
  WITH k, count(DISTINCT u) AS n_both
  WHERE n_both >= $minCell
  RETURN k, n_both
}
WITH p, k, count(*) AS items, max(n_both) AS least, sum(toFloat(n_both) / sqrt(toFloat(n_own))) AS part
WHERE NOT EXISTS { MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k) }
WITH k, items, part, least, COUNT { MATCH (k)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(v:User) } AS most
WITH k, items, part, part / sqrt(toFloat(least)) AS high, part / sqrt(toFloat(most)) AS low
ORDER BY low DESC
WITH collect({course: k, items: items, part: part, high: high, low: low}) AS found
WITH found, CASE WHEN (size(found) > $top) THEN found[toInteger($top) - 1].low ELSE 0.0 END AS bar
UNWIND [x IN found WHERE (x.high >= bar - 0.000001)] AS x
WITH x.course AS k, x.items AS items, x.part AS part
CALL (k) {
  MATCH (k)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(v:User)
  WHERE v.consent = true AND (v.consent_scope IS NULL OR "profile" IN v.consent_scope)
  RETURN count(DISTINCT v) AS n_k
}
RETURN k.id AS course, k.name AS name, items, round(part / sqrt(toFloat(n_k)), 9) AS score
ORDER BY score DESC, course
LIMIT toInteger($top);
