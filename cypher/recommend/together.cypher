// @title 同时选择的人数 | how many people took an item together with another one
// @param id STRING
// @param label STRING = "Course"
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Films and courses by the people who took both: one row of the table R'R that `graphkit recommend` reads its items from, where R has a 1 for every person
// who agreed to a profile and item he took. The row of the item itself holds everybody who took it. --by cosine adds up the cosines; --by svd scores with
// the eigenvectors of this table; cf solves it with a ridge; als needs R itself. Rows that would tell of fewer than minCell people in both, in one of
// the two only, or in neither are left out.
MATCH (n:User)
WHERE n.consent = true AND (n.consent_scope IS NULL OR "profile" IN n.consent_scope)
WITH count(n) AS everyone
MATCH (i:Film|Course {id: $id})
WHERE $label IN labels(i)
MATCH (i)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH everyone, collect(DISTINCT u) AS takers
UNWIND takers AS u
MATCH (u)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(k:Film|Course)
WITH everyone, size(takers) AS own, k, count(DISTINCT u) AS both
WHERE both >= $minCell
CALL (k) {
  MATCH (k)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(v:User)
  WHERE v.consent = true AND (v.consent_scope IS NULL OR "profile" IN v.consent_scope)
  RETURN count(DISTINCT v) AS people
}
WITH k, both, own, people, [own - both, people - both, everyone - own - people + both] AS others
WHERE NOT any(x IN others WHERE x > 0 AND x < $minCell)
RETURN labels(k)[0] AS label, k.id AS item, k.name AS name, both, people, round(both / sqrt(toFloat(own) * people), 9) AS cosine
ORDER BY both DESC, label, item
LIMIT toInteger($top);
