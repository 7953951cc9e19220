// @title 一批购买的花费 | what a list of purchases costs
// @param purchases LIST<MAP>
// @access read
// Each purchase: channel (or placement, a CoProduction), material or null, uses, and once = whether making the material is paid with it.
// A use costs what the pair of channel and material says, else the channel (currency); making a material without a price costs nothing.
// No cost is given while one of the purchases has none: nothing of this id, a pair that is not accepted, a placement without a price.
UNWIND $purchases AS p
OPTIONAL MATCH (c:Channel {id: p.channel})
OPTIONAL MATCH (k:CoProduction {id: p.placement})
OPTIONAL MATCH (c)-[a:ACCEPTS]->(m:Material {id: p.material})
WITH p, CASE WHEN p.material IS NOT NULL AND m IS NULL THEN NULL ELSE coalesce(a.cost, c.cost, k.cost) END AS price,
  CASE WHEN p.once THEN coalesce(m.cost, 0.0) ELSE 0.0 END AS making
WITH count(p) AS purchases, count(price) AS priced, sum(toFloat(p.uses) * price) AS uses, sum(toFloat(making)) AS making
RETURN purchases, CASE WHEN priced = purchases THEN round(toFloat(uses), 2) ELSE NULL END AS uses_cost,
  CASE WHEN priced = purchases THEN round(toFloat(making), 2) ELSE NULL END AS making_cost,
  CASE WHEN priced = purchases THEN round(toFloat(uses + making), 2) ELSE NULL END AS cost;
