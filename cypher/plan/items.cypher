// @title 计划明细 | items of a plan
// @param plan STRING
// @access read
// What a stored plan buys, in order, with what each item adds.
MATCH (p:Plan {id: $plan})
MATCH (p)-[:HAS_ITEM]->(i:PlanItem)
OPTIONAL MATCH (i)-[:USES]->(c:Channel)
OPTIONAL MATCH (i)-[:USES]->(m:Material)
RETURN i.number AS number, i.wave AS wave, c.id AS channel, c.name AS name, m.id AS material, i.cost AS cost,
  i.adds AS adds, i.adds_lower AS adds_lower, i.adds_upper AS adds_upper, i.exclusive AS exclusive, i.alone AS alone
ORDER BY number, i.id, channel, material;
