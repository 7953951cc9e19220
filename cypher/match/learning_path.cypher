// @title 学习路径 | courses to take before a course
// @param course STRING
// @param user STRING = ""
// @access read
// All required courses up to 8 levels down, furthest first; a course the user completed (progress 1) closes its branch. A course among its own requirements lies on a circle.
OPTIONAL MATCH (u:User {id: $user})
OPTIONAL MATCH (u)-[e:ENROLLED]->(d:Course)
WHERE e.progress >= 1.0
WITH collect(d.id) AS done
MATCH (k:Course {id: $course})
MATCH p = (k)-[:REQUIRES*1..8]->(a:Course)
WHERE none(n IN nodes(p) WHERE n.id IN done)
WITH a, max(length(p)) AS depth
RETURN a.id AS course, a.name AS name, a.level AS level, depth
ORDER BY depth DESC, course;
