// @title 受众重叠 | how much a list of audiences overlaps
// @param audiences LIST<STRING>
// @param minCell INTEGER = 50
// @access read
// Channels, brands, films and courses (as Label:id) in the order of the list: the people each can reach, those expected to be
// reached (sum of p; 1 for a follower, buyer, member, learner, viewer or fan), those nobody else reaches (exclusive), those nobody
// listed before reaches (incremental), and what all reach together (joint: any of them, shared: all of them). Independent chances,
// no word of mouth: the numbers of `graphkit overlap`. Audiences with fewer people than minCell are left out of the rows; while any part
// of the Venn diagram (people of exactly these audiences, or of none) holds fewer, what would tell it by a difference is hidden.
MATCH (n:User)
WHERE n.consent = true AND (n.consent_scope IS NULL OR "plan" IN n.consent_scope)
WITH count(n) AS everyone
MATCH (a:Channel|Brand|Film|Course)
WHERE (labels(a)[0] + ":" + a.id) IN $audiences
WITH everyone, collect({key: labels(a)[0] + ":" + a.id, node: a}) AS known
WITH everyone, known, [x IN known | x.key] AS keys
WITH everyone, known, reduce(seen = [], x IN $audiences | CASE WHEN (x IN keys AND NOT x IN seen) THEN seen + [x] ELSE seen END) AS listed
UNWIND known AS one
WITH everyone, listed, one.key AS key, one.node AS a, labels(one.node)[0] AS label, [i IN range(0, size(listed) - 1) WHERE listed[i] = one.key][0] AS place
MATCH (a)-[r:REACHES|FOLLOWS|BOUGHT|SUBSCRIBES|WATCHED|WANTS|LIKES|RATED|ENROLLED]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
  AND ((label = "Channel" AND type(r) = "REACHES")
    OR (label = "Brand" AND type(r) IN ["FOLLOWS", "BOUGHT", "SUBSCRIBES"])
    OR (label = "Film" AND type(r) IN ["WATCHED", "WANTS", "LIKES", "RATED", "BOUGHT"])
    OR (label = "Course" AND type(r) IN ["ENROLLED", "BOUGHT", "LIKES", "RATED"]))
WITH everyone, listed, key, place, u.id AS person, max(CASE WHEN (label = "Channel") THEN r.p ELSE 1.0 END) AS p
WITH everyone, listed, person, collect({key: key, place: place, p: p}) AS cells
WITH everyone, [i IN range(0, size(listed) - 1) WHERE any(c IN cells WHERE c.place = i)] AS part, cells, reduce(q = 1.0, c IN cells | q * (1.0 - c.p)) AS none,
  CASE WHEN (size(cells) = size(listed)) THEN reduce(q = 1.0, c IN cells | q * c.p) ELSE 0.0 END AS every
WITH everyone, part, collect({cells: cells, none: none, every: every}) AS people
WITH everyone, collect(people) AS parts
WITH everyone, parts, everyone - reduce(n = 0, people IN parts | n + size(people)) AS outside,
  reduce(s = 0.0, people IN parts | reduce(t = s, x IN people | t + 1.0 - x.none)) AS joint,
  reduce(s = 0.0, people IN parts | reduce(t = s, x IN people | t + x.every)) AS shared
WITH everyone, parts, joint, shared, (any(people IN parts WHERE size(people) < $minCell) OR (outside > 0 AND outside < $minCell)) AS few
UNWIND parts AS people
UNWIND people AS x
UNWIND x.cells AS c
WITH everyone, few, joint, shared, c, reduce(q = 1.0, d IN x.cells | CASE WHEN (d.place <> c.place) THEN q * (1.0 - d.p) ELSE q END) AS others,
  reduce(q = 1.0, d IN x.cells | CASE WHEN (d.place < c.place) THEN q * (1.0 - d.p) ELSE q END) AS before
WITH everyone, few, joint, shared, c.key AS name, c.place AS place, count(*) AS people, sum(c.p) AS reach, sum(c.p * others) AS exclusive, sum(c.p * before) AS incremental
WHERE people >= $minCell
WITH few, joint, shared, name, place, people, reach, exclusive, incremental, (everyone > people AND everyone - people < $minCell) AS most
RETURN place + 1 AS place, name, CASE WHEN most THEN NULL ELSE people END AS people,
  CASE WHEN most THEN NULL ELSE round(toFloat(reach), 9) END AS reach,
  CASE WHEN few THEN NULL ELSE round(toFloat(exclusive), 9) END AS exclusive,
  CASE WHEN few THEN NULL ELSE round(toFloat(incremental), 9) END AS incremental,
  CASE WHEN few THEN NULL ELSE round(toFloat(joint), 9) END AS joint, CASE WHEN few THEN NULL ELSE round(toFloat(shared), 9) END AS shared
ORDER BY place;
