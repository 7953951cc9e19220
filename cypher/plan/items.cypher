// @title 计划明细 | items of a plan
// @param plan STRING
// @access read
// What a stored plan buys, in order: the channel or placement (a CoProduction, kind placement), its material and tracking code, the cost
// (currency), and what the item adds after those before it, reaches alone, and reaches exclusively (weighted people).
MATCH (p:Plan {id: $plan})
MATCH (p)-[:HAS_ITEM]->(i:PlanItem)
OPTIONAL MATCH (i)-[:USES]->(c:Channel|CoProduction)
OPTIONAL MATCH (i)-[:USES]->(m:Material)
OPTIONAL MATCH (i)-[:CARRIES]->(t:Touchpoint)
RETURN i.number AS number, i.wave AS wave, c.id AS channel, c.name AS name, CASE WHEN "CoProduction" IN labels(c) THEN "placement" ELSE c.kind END AS kind,
  m.id AS material, t.code AS code, i.cost AS cost, i.adds AS adds, i.adds_lower AS adds_lower, i.adds_upper AS adds_upper, i.exclusive AS exclusive, i.alone AS alone
ORDER BY number, i.id, channel, material, code;
