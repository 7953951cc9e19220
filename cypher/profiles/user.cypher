// @title 用户画像 | tags of what a user took
// @param user STRING
// @param top INTEGER = 20
// @access read
// Sum of the tag weights of the films and courses the user took, each once, scaled to length 1; nothing without consent.
MATCH (p:User {id: $user})
WHERE p.consent = true AND (p.consent_scope IS NULL OR "profile" IN p.consent_scope)
MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(i:Film|Course)
WITH DISTINCT i
MATCH (i)-[x:HAS_TAG]->(t:Tag)
WITH t, count(i) AS items, sum(x.w) AS w
WITH collect({tag: t, items: items, w: w}) AS cells, sum(w * w) AS square
UNWIND cells AS c
WITH c.tag AS t, c.items AS items, c.w / sqrt(square) AS weight
RETURN t.id AS tag, t.name AS name, t.kind AS kind, items, round(weight, 9) AS weight
ORDER BY weight DESC, tag
LIMIT toInteger($top);
