// @title 口碑 | reputation of films and courses
// @param minCell INTEGER = 50
// @access read
// Ratings by people with consent, as shares of the scale (5 when not stated), and the share in the top two fifths.
MATCH (u:User)-[r:RATED]->(i:Film|Course)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH i, r.rating / coalesce(r.scale_max, 5.0) AS rating
WITH i, count(rating) AS ratings, avg(rating) AS mean, count(CASE WHEN rating > 0.6 THEN 1 ELSE NULL END) AS high
WHERE ratings >= $minCell
RETURN labels(i)[0] AS label, i.id AS item, i.name AS name, ratings, round(mean, 9) AS mean, round(toFloat(high) / ratings, 9) AS reputation
ORDER BY reputation DESC, label, item;
