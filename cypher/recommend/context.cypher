// @title 情境系数 | what people of a region or with a device take more often than everybody
// @param value STRING
// @param context STRING = "region"
// @param to STRING = "Course"
// @param shrink FLOAT = 50.0
// @param top INTEGER = 20
// @param minCell INTEGER = 50
// @access read
// Share of the people with that region or device who took an item, after shrink more people who take it as everybody does, over everybody's share:
// the factor m = ((took_there + shrink q) / (there + shrink)) / q, where q = took / people. Formula and shrinkage are those of `graphkit recommend
// --context`, which counts contacts and answers of an event log; the graph keeps none, so that here everybody who agreed to a profile is one contact
// with every item. Nobody there: no row, the factor is 1. Items where fewer than minCell people took or left it, there or elsewhere, are left out.
MATCH (u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
WITH count(u) AS people, count(CASE WHEN (CASE $context WHEN "region" THEN u.region WHEN "device" THEN u.device ELSE NULL END = $value) THEN 1 ELSE NULL END) AS there
WHERE there > 0 AND $shrink > 0
MATCH (i:Film|Course)
WHERE $to IN labels(i)
CALL (i) {
  MATCH (i)<-[:WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT]-(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "profile" IN u.consent_scope)
  WITH DISTINCT u
  RETURN count(u) AS took, count(CASE WHEN (CASE $context WHEN "region" THEN u.region WHEN "device" THEN u.device ELSE NULL END = $value) THEN 1 ELSE NULL END) AS took_there
}
WITH i, people, there, took, took_there, toFloat(took) / people AS usual
WHERE took > 0 AND NOT any(x IN [took_there, there - took_there, took - took_there, people - there - took + took_there] WHERE x > 0 AND x < $minCell)
RETURN i.id AS item, i.name AS name, took_there, there, took, people, round((took_there + $shrink * usual) / (there + $shrink) / usual, 9) AS factor
ORDER BY factor DESC, item
LIMIT toInteger($top);
