// @title 触点追踪码 | tracking codes and what carries them
// @access read
// Each code with the material, co-production or plan item that carries it; a code nobody carries has none.
MATCH (t:Touchpoint)
OPTIONAL MATCH (t)<-[:CARRIES]-(x:Material|CoProduction|PlanItem)
WITH t, x, CASE WHEN x IS NULL THEN NULL ELSE labels(x)[0] END AS carrier
RETURN t.id AS touchpoint, t.kind AS kind, t.code AS code, t.placement AS placement, carrier, x.id AS carrier_id
ORDER BY touchpoint, coalesce(carrier, ""), coalesce(x.id, "");
