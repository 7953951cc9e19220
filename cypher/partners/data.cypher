// @title 资料完整度 | how complete the record of each brand is
// @access read
// Mean of three: the share of the 11 optional properties that are filled, tags / 5 (at most 1), and whether the record is real.
MATCH (b:Brand)
OPTIONAL MATCH (b)-[:HAS_TAG]->(t:Tag)
WITH b, count(DISTINCT t) AS tags
WITH b, tags, size([x IN [
  b.name_en, b.sector, b.role, b.region, b.goal_awareness, b.goal_conversion, b.goal_loyalty, b.goal_revenue, b.resources, b.willingness, b.ours
] WHERE x IS NOT NULL]) AS filled
RETURN b.id AS brand, b.name AS name, filled, tags,
  round((filled / 11.0 + CASE WHEN tags < 5 THEN tags / 5.0 ELSE 1.0 END + CASE WHEN coalesce(b.evidence, "real") = "real" THEN 1.0 ELSE 0.0 END) / 3, 9) AS data
ORDER BY brand;
