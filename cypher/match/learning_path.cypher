// @title 学习路径 | courses to take before a course
// @param course STRING
// @param user STRING = ""
// @access read
// Every course that must come before it, at any depth, furthest first; a course the user completed (progress 1) closes its branch, where the user agreed to a profile. A course that a circle of requirements leads to has no depth: no order can be followed.
OPTIONAL MATCH (p:User {id: $user})
WHERE p.consent = true AND (p.consent_scope IS NULL OR "profile" IN p.consent_scope)
OPTIONAL MATCH (p)-[e:ENROLLED]->(d:Course)
WHERE e.progress >= 1.0
WITH collect(d.id) AS done
MATCH (c:Course)-[:REQUIRES]->(b:Course)
WHERE NOT (c.id IN done) AND NOT (b.id IN done)
WITH c.id AS id, collect(DISTINCT b.id) AS needs
WITH collect({id: id, needs: needs}) AS rows
// level i holds what a walk of i steps leads to; without a circle no walk is longer than the courses that require something
WITH rows, size(rows) AS longest, reduce(levels = [[$course]], i IN range(1, (2 * size(rows)) + 1) |
  CASE WHEN (size(last(levels)) = 0) THEN levels
  ELSE levels + [reduce(found = [], row IN [r IN rows WHERE r.id IN last(levels)] | found + [x IN row.needs WHERE NOT (x IN found)])]
  END) AS levels
UNWIND range(1, size(levels) - 1) AS level
UNWIND levels[level] AS course
WITH longest, course, max(level) AS deepest
MATCH (a:Course {id: course})
WITH a, CASE WHEN (deepest > longest) THEN longest + 1 ELSE deepest END AS deepest, longest
RETURN a.id AS course, a.name AS name, a.level AS level, CASE WHEN (deepest > longest) THEN null ELSE deepest END AS depth
ORDER BY deepest DESC, course;
