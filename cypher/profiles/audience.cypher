// @title 受众兴趣画像 | the mean profile of an item's people
// @param label STRING = "Film"
// @param id STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Mean over the people who took a film or course and agreed to a profile of their profiles (profiles/user); nothing for fewer than minCell people.
// Each person is worked out in a call of its own, so that tags are told apart among those of one person only.
MATCH (x:Film|Course {id: $id})
WHERE $label IN labels(x)
MATCH (x)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH collect(DISTINCT u) AS people
WHERE size(people) >= $minCell
UNWIND people AS u
CALL (u) {
  MATCH (u)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(i:Film|Course)
  WITH DISTINCT i
  MATCH (i)-[y:HAS_TAG]->(t:Tag)
  WITH t, sum(y.w) AS w
  RETURN collect({tag: t.id, w: w}) AS cells, sqrt(sum(w * w)) AS length
}
WITH size(people) AS users, length, cells
WHERE length > 0
UNWIND cells AS c
WITH users, c.tag AS tag, sum(c.w / length) AS total
MATCH (t:Tag {id: tag})
RETURN t.id AS tag, t.name AS name, t.kind AS kind, round(total / users, 9) AS weight
ORDER BY weight DESC, tag
LIMIT toInteger($top);
