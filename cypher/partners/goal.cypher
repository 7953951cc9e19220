// @title 目标一致 | brands with the same goals
// @param brand STRING
// @access read
// Cosine of the goals (awareness, conversion, loyalty, revenue; one not stated counts 0); not measured where a brand states none.
MATCH (b:Brand {id: $brand})
MATCH (d:Brand)
WHERE d.id <> b.id
WITH d, [coalesce(b.goal_awareness, 0.0), coalesce(b.goal_conversion, 0.0), coalesce(b.goal_loyalty, 0.0), coalesce(b.goal_revenue, 0.0)] AS ours,
  [coalesce(d.goal_awareness, 0.0), coalesce(d.goal_conversion, 0.0), coalesce(d.goal_loyalty, 0.0), coalesce(d.goal_revenue, 0.0)] AS theirs
WITH d, reduce(s = 0.0, i IN range(0, 3) | s + ours[i] * theirs[i]) AS inner,
  reduce(s = 0.0, x IN ours | s + x * x) * reduce(s = 0.0, x IN theirs | s + x * x) AS square
RETURN d.id AS partner, d.name AS name, CASE WHEN square > 0 THEN round(inner / sqrt(square), 9) ELSE NULL END AS goal
ORDER BY coalesce(goal, -1.0) DESC, partner;
