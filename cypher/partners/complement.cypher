// @title 资源互补 | resources other brands would add
// @param brand STRING
// @access read
// 1 - shared / smaller set of resources; not measured where either brand states none.
MATCH (b:Brand {id: $brand})
MATCH (d:Brand)
WHERE d.id <> b.id
WITH d, coalesce(b.resources, []) AS ours, coalesce(d.resources, []) AS theirs
WITH d, ours, theirs, size([r IN theirs WHERE r IN ours]) AS shared
WITH d, shared, [r IN theirs WHERE NOT r IN ours] AS extra, CASE WHEN size(ours) < size(theirs) THEN size(ours) ELSE size(theirs) END AS smaller
RETURN d.id AS partner, d.name AS name, extra AS adds, shared,
  CASE WHEN smaller > 0 THEN round(1.0 - toFloat(shared) / smaller, 9) ELSE NULL END AS complement
ORDER BY coalesce(complement, -1.0) DESC, partner;
