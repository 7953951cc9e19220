// @title 四项契合：目标、资源、价值观、新意 | four fits: goals, resources, values, novelty
// @param id STRING
// @param label STRING = "Brand"
// @access read
// Goal: cosine of the goals (awareness, conversion, loyalty, revenue; one not stated counts 0). Complement: 1 - shared / smaller set of
// resources. Culture: cosine of the weights of value tags. Novelty: 1 - (past pairs of the two sectors + 1) / (pairs of the most frequent two
// sectors + 1). Each is null where either side states nothing, novelty also without any past pair of sectors.
MATCH (b:Film|Course|Brand {id: $id})
WHERE $label IN labels(b)
OPTIONAL MATCH (x:Brand)<-[:JOINS]-(p:Partnership)-[:JOINS]->(y:Brand)
WHERE x.id < y.id AND x.sector IS NOT NULL AND y.sector IS NOT NULL AND p.status IN ["accepted", "running", "ended"]
WITH b, CASE WHEN x.sector <= y.sector THEN x.sector ELSE y.sector END AS one, CASE WHEN x.sector <= y.sector THEN y.sector ELSE x.sector END AS two, count(p) AS n
WITH b, collect({one: one, two: two, n: n}) AS pairs, max(n) AS most
OPTIONAL MATCH (b)-[v:HAS_TAG]->(t:Tag)
WITH b, pairs, most, [e IN collect({tag: t.id, kind: t.kind, w: v.w}) WHERE e.kind = "value"] AS mine
MATCH (d:Brand|Course|Film)
WHERE d <> b
OPTIONAL MATCH (d)-[w:HAS_TAG]->(s:Tag)
WITH b, d, pairs, most, mine, [e IN collect({tag: s.id, kind: s.kind, w: w.w}) WHERE e.kind = "value"] AS other
WITH d, mine, other, most, b.sector IS NOT NULL AND d.sector IS NOT NULL AND most > 0 AS met,
  reduce(n = 0, q IN pairs | CASE WHEN (q.one = b.sector AND q.two = d.sector) OR (q.one = d.sector AND q.two = b.sector) THEN n + q.n ELSE n END) AS times,
  [coalesce(b.goal_awareness, 0.0), coalesce(b.goal_conversion, 0.0), coalesce(b.goal_loyalty, 0.0), coalesce(b.goal_revenue, 0.0)] AS ours,
  [coalesce(d.goal_awareness, 0.0), coalesce(d.goal_conversion, 0.0), coalesce(d.goal_loyalty, 0.0), coalesce(d.goal_revenue, 0.0)] AS theirs,
  reduce(r = [], x IN coalesce(b.resources, []) | CASE WHEN x IN r THEN r ELSE r + [x] END) AS have,
  reduce(r = [], x IN coalesce(d.resources, []) | CASE WHEN x IN r THEN r ELSE r + [x] END) AS bring
WITH d, met, times, most, [r IN bring WHERE NOT r IN have] AS adds, size(bring) AS brought,
  CASE WHEN size(have) < size(bring) THEN size(have) ELSE size(bring) END AS smaller,
  reduce(s = 0.0, i IN range(0, 3) | s + ours[i] * theirs[i]) AS goals,
  reduce(s = 0.0, x IN ours | s + x * x) * reduce(s = 0.0, x IN theirs | s + x * x) AS goals_square,
  reduce(s = 0.0, e IN other | s + e.w * reduce(w = 0.0, o IN mine | CASE WHEN o.tag = e.tag THEN o.w ELSE w END)) AS inner,
  reduce(s = 0.0, o IN mine | s + o.w * o.w) * reduce(s = 0.0, e IN other | s + e.w * e.w) AS values_square
RETURN labels(d)[0] AS label, d.id AS partner, d.name AS name, adds,
  CASE WHEN goals_square > 0 THEN round(goals / sqrt(goals_square), 9) ELSE NULL END AS goal,
  CASE WHEN smaller > 0 THEN round(1.0 - toFloat(brought - size(adds)) / smaller, 9) ELSE NULL END AS complement,
  CASE WHEN values_square > 0 THEN round(inner / sqrt(values_square), 9) ELSE NULL END AS culture,
  CASE WHEN met THEN round(1.0 - toFloat(times + 1) / (most + 1), 9) ELSE NULL END AS novelty
ORDER BY label, partner;
