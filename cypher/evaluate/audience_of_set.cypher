// @title 渠道组合的受众 | who a set of channels can reach
// @param channels LIST<STRING>
// @param minCell INTEGER = 50
// @access read
// Cost of one use of each, audiences added up, distinct people, and the expected number exposed at least once, 1 - prod(1 - p) per person.
// No word of mouth; the difference between added_up and expected is what adding up overstates. Hidden while a channel reaches fewer than
// minCell people, in all or that no other of the set does: sets that differ by one channel tell no small number. Those that differ by
// more can: give out one of them, or ask evaluate/overlap, which hides every part.
MATCH (c:Channel)
WHERE c.id IN $channels
WITH collect(c) AS members
CALL (members) {
  UNWIND members AS m
  MATCH (m)-[:REACHES]->(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  WITH m, count(u) AS own
  WHERE own < $minCell
  RETURN count(m) AS small
}
CALL (members) {
  UNWIND members AS m
  MATCH (m)-[r:REACHES]->(u:User)
  WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  WITH u, collect(r.p) AS chances, min(m.id) AS one
  WITH CASE WHEN (size(chances) = 1) THEN one ELSE NULL END AS only, count(u) AS people, sum(size(chances)) AS contacts,
    sum(reduce(s = 0.0, p IN chances | s + p)) AS added, sum(1.0 - reduce(q = 1.0, p IN chances | q * (1.0 - p))) AS expected
  RETURN sum(people) AS people, sum(contacts) AS contacts, sum(added) AS added, sum(expected) AS expected,
    count(CASE WHEN (only IS NOT NULL AND people < $minCell) THEN 1 ELSE NULL END) AS few
}
WITH members, people, contacts, added, expected, (small = 0 AND few = 0 AND people >= $minCell) AS shown
RETURN size(members) AS channels, round(reduce(total = 0.0, m IN members | total + m.cost), 2) AS cost,
  CASE WHEN shown THEN people ELSE NULL END AS distinct_people,
  CASE WHEN shown THEN contacts ELSE NULL END AS audiences_added,
  CASE WHEN shown THEN round(toFloat(added), 6) ELSE NULL END AS added_up,
  CASE WHEN shown THEN round(toFloat(expected), 6) ELSE NULL END AS expected;
