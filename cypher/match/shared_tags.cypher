// @title 影片与课程的共同标签 | tags a film and a course share
// @param film STRING
// @param course STRING
// @access read
// The paths film - tag - course behind a match, with both weights.
MATCH (f:Film {id: $film})
MATCH (k:Course {id: $course})
MATCH (f)-[x:HAS_TAG]->(t:Tag)
MATCH (t)<-[y:HAS_TAG]-(k)
RETURN t.id AS tag, t.name AS name, t.kind AS kind, x.w AS film_weight, y.w AS course_weight, round(x.w * y.w, 9) AS product
ORDER BY product DESC, tag;
