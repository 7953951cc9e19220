// @title 可投放的渠道与物料 | channels and the materials they accept
// @access read
// Allowed pairs with the price that counts (the pair's own, else the channel's) and the response multiplier.
MATCH (c:Channel)-[a:ACCEPTS]->(m:Material)
RETURN c.id AS channel, c.name AS name, m.id AS material, m.kind AS kind, m.status AS status,
  coalesce(a.cost, c.cost) AS cost, coalesce(a.response, m.response, 1.0) AS response
ORDER BY channel, material;
