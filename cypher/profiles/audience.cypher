// @title 受众兴趣画像 | the mean profile of an item's people
// @param label STRING = "Film"
// @param id STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Mean over the people who took a film or course and agreed to a profile of their profiles (profiles/user); nothing for fewer than minCell people.
MATCH (x:Film|Course {id: $id})
WHERE $label IN labels(x)
MATCH (x)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH collect(DISTINCT u) AS people
WHERE size(people) >= $minCell
UNWIND people AS u
MATCH (u)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(i:Film|Course)
WITH DISTINCT size(people) AS users, u, i
MATCH (i)-[y:HAS_TAG]->(t:Tag)
WITH users, u, t, sum(y.w) AS w
WITH users, u, collect({tag: t, w: w}) AS cells, sum(w * w) AS square
UNWIND cells AS c
WITH users, c.tag AS t, sum(c.w / sqrt(square)) AS total
RETURN t.id AS tag, t.name AS name, t.kind AS kind, round(total / users, 9) AS weight
ORDER BY weight DESC, tag
LIMIT $top;
