// @title 影片受众画像 | tags of what a film's audience likes
// @param film STRING
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Tags of everything else the film's people with consent watched, want, like or study, by the number of people; small cells are left out.
MATCH (f:Film {id: $film})
MATCH (f)<-[:WATCHED|WANTS|LIKES]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH f, collect(DISTINCT u) AS people
UNWIND people AS u
MATCH (u)-[:WATCHED|WANTS|LIKES|ENROLLED]->(i:Film|Course)
WHERE i <> f
MATCH (i)-[:HAS_TAG]->(t:Tag)
WITH t, size(people) AS audience, count(DISTINCT u) AS users, count(DISTINCT i) AS items
WHERE users >= $minCell
RETURN t.id AS tag, t.name AS name, t.kind AS kind, users, items, round(toFloat(users) / audience, 9) AS share
ORDER BY users DESC, tag
LIMIT toInteger($top);
