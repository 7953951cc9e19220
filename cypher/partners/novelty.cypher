// @title 跨界新意 | brands of sectors that seldom work together
// @param brand STRING
// @access read
// 1 - (past pairs of the two sectors + 1) / (pairs of the most frequent two sectors + 1); not measured without a sector or without any past pair.
MATCH (b:Brand {id: $brand})
OPTIONAL MATCH (x:Brand)<-[:JOINS]-(p:Partnership)-[:JOINS]->(y:Brand)
WHERE x.id < y.id AND x.sector IS NOT NULL AND y.sector IS NOT NULL AND p.status IN ["accepted", "running", "ended"]
WITH b, CASE WHEN x.sector <= y.sector THEN x.sector ELSE y.sector END AS one, CASE WHEN x.sector <= y.sector THEN y.sector ELSE x.sector END AS two, count(p) AS n
WITH b, collect({one: one, two: two, n: n}) AS pairs, max(n) AS most
MATCH (d:Brand)
WHERE d.id <> b.id
WITH b, d, most, reduce(n = 0, q IN pairs | CASE WHEN (q.one = b.sector AND q.two = d.sector) OR (q.one = d.sector AND q.two = b.sector) THEN n + q.n ELSE n END) AS times
RETURN d.id AS partner, d.name AS name, d.sector AS sector, times,
  CASE WHEN b.sector IS NULL OR d.sector IS NULL OR most = 0 THEN NULL ELSE round(1.0 - toFloat(times + 1) / (most + 1), 9) END AS novelty
ORDER BY coalesce(novelty, -1.0) DESC, partner;
