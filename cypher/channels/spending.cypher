// @title 一批购买的花费 | what a list of purchases costs
// @param purchases LIST<MAP>
// @access read
// Each purchase: channel (or placement, a CoProduction), material or null, uses, and once = whether making the material is paid with it.
// A use costs what the pair of channel and material says, else the channel; a missing price of a material counts as nothing to pay.
UNWIND $purchases AS p
OPTIONAL MATCH (c:Channel {id: p.channel})
OPTIONAL MATCH (k:CoProduction {id: p.placement})
OPTIONAL MATCH (c)-[a:ACCEPTS]->(m:Material {id: p.material})
WITH p, coalesce(a.cost, c.cost, k.cost) AS price, CASE WHEN p.once THEN coalesce(m.cost, 0.0) ELSE 0.0 END AS making
RETURN count(p) AS purchases, round(sum(toFloat(p.uses) * price), 2) AS uses_cost, round(sum(toFloat(making)), 2) AS making_cost,
  round(sum(toFloat(p.uses) * price) + sum(toFloat(making)), 2) AS cost;
