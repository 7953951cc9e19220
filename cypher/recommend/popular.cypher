// @title 热门内容 | courses or films by how many people took them
// @param to STRING = "Course"
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// People who agreed to a profile and watched, want, like, rated, study or bought it, and their share of everybody who agreed: the score of
// `graphkit recommend --by popularity`, and what each column of the table holds that als and svd factorise. Small numbers are left out.
MATCH (u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH count(u) AS everyone
MATCH (k:Film|Course)
WHERE $to IN labels(k)
CALL (k) {
  MATCH (k)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
  RETURN count(DISTINCT u) AS people
}
WITH k, everyone, people
WHERE people > 0 AND people >= $minCell AND (people = everyone OR everyone - people >= $minCell)
RETURN k.id AS item, k.name AS name, people, round(toFloat(people) / everyone, 9) AS share
ORDER BY people DESC, item
LIMIT toInteger($top);
