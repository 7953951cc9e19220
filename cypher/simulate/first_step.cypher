// @title 第一步传播 | how many people some users tell in the first step
// @param seeds LIST<STRING>
// @param probability FLOAT = null
// @param minCell INTEGER = 50
// @access read
// The arcs that `graphkit simulate` starts with: who follows or knows a seed, or was shared with by one, hears from it. Each tie has the chance
// given, or without one each arc 1 / (people its end hears from), the weighted cascade. people can hear, expected do: what step 1 of the
// independent cascade comes to without drawing a world, 1 - prod(1 - p) per person. Seeds without consent are left out; small numbers are hidden.
// Lists of seeds that differ by a few users can still tell by their difference whom those few reach: give out one of them.
MATCH (s:User)
WHERE s.id IN $seeds AND s.consent = true AND (s.consent_scope IS NULL OR "plan" IN s.consent_scope)
WITH collect(s) AS starters
CALL (starters) {
  UNWIND starters AS s
  CALL (s) {
    MATCH (s)<-[:FOLLOWS]-(u:User)
    RETURN u
    UNION ALL
    MATCH (s)-[:KNOWS]-(u:User)
    RETURN u
    UNION ALL
    MATCH (s)-[:SHARED_WITH]->(u:User)
    RETURN u
  }
  WITH u, count(*) AS ties, count(DISTINCT s) AS tellers
  WHERE NOT u.id IN $seeds AND u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  CALL (u) {
    MATCH (u)-[:FOLLOWS]->(v:User)
    RETURN v
    UNION
    MATCH (u)-[:KNOWS]-(v:User)
    RETURN v
    UNION
    MATCH (u)<-[:SHARED_WITH]-(v:User)
    RETURN v
  }
  WITH u, ties, tellers, v
  WHERE v.consent = true AND (v.consent_scope IS NULL OR "plan" IN v.consent_scope)
  WITH u, ties, tellers, count(v) AS heard
  RETURN count(u) AS people,
    sum(1.0 - CASE WHEN $probability IS NULL THEN (1.0 - 1.0 / heard) ^ tellers ELSE (1.0 - $probability) ^ ties END) AS expected
}
RETURN size(starters) AS seeds, CASE WHEN people >= $minCell THEN people ELSE NULL END AS people,
  CASE WHEN people >= $minCell THEN round(toFloat(expected), 9) ELSE NULL END AS expected;
