// @title 画像更新 | how one response to a film or course moves a user's profile
// @param user STRING
// @param id STRING
// @param label STRING = "Film"
// @param response FLOAT = 1.0
// @param rate FLOAT = 0.1
// @access read
// The profile u of profiles/user (before), the tag weights v of the item, and u + rate (response - u.v) v (after), the step of gk.update_profile:
// response 0 = refused, 1 = wanted. Steps on one item lead somewhere only while rate is above 0 and below 2 / (v.v) (limit): after is empty elsewhere.
MATCH (p:User {id: $user})
WHERE p.consent = true AND (p.consent_scope IS NULL OR "profile" IN p.consent_scope)
OPTIONAL MATCH (p)-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]->(i:Film|Course)
WITH DISTINCT p, i
OPTIONAL MATCH (i)-[x:HAS_TAG]->(t:Tag)
WITH p, t, sum(x.w) AS w
WITH p, collect(CASE WHEN t IS NULL THEN NULL ELSE {tag: t, w: w} END) AS mine, sqrt(sum(w * w)) AS length
MATCH (f:Film|Course {id: $id})
WHERE $label IN labels(f)
OPTIONAL MATCH (f)-[y:HAS_TAG]->(s:Tag)
WITH mine, length, collect(CASE WHEN s IS NULL THEN NULL ELSE {tag: s, w: y.w} END) AS theirs
WITH theirs, [c IN mine | {tag: c.tag, u: c.w / length, v: reduce(w = 0.0, e IN theirs | CASE WHEN e.tag = c.tag THEN e.w ELSE w END)}]
  + [e IN theirs WHERE NOT any(c IN mine WHERE c.tag = e.tag) | {tag: e.tag, u: 0.0, v: e.w}] AS cells
WITH cells, reduce(s = 0.0, c IN cells | s + c.u * c.v) AS inner, reduce(s = 0.0, c IN cells | s + c.v * c.v) AS square
UNWIND cells AS c
RETURN c.tag.id AS tag, c.tag.name AS name, round(c.u, 9) AS before, c.v AS item,
  CASE WHEN $rate > 0 AND $rate * square < 2 THEN round(c.u + $rate * ($response - inner) * c.v, 9) ELSE NULL END AS after,
  CASE WHEN square > 0 THEN round(2.0 / square, 9) ELSE NULL END AS limit
ORDER BY before DESC, tag;
