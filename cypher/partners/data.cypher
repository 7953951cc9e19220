// @title 资料完整度 | how complete the record of each partner is
// @access read
// Mean of three: the share of the optional properties that are filled, tags / 5 (at most 1), and whether the record is real.
MATCH (b:Brand|Course|Film)
OPTIONAL MATCH (b)-[:HAS_TAG]->(t:Tag)
WITH b, labels(b)[0] AS label, count(DISTINCT t) AS tags
WITH b, label, tags, CASE label
  WHEN "Brand" THEN [b.name_en, b.sector, b.role, b.region, b.goal_awareness, b.goal_conversion, b.goal_loyalty, b.goal_revenue, b.resources, b.willingness, b.ours]
  WHEN "Course" THEN [b.name_en, b.kind, b.field, b.level, b.price, b.seconds, b.summary, b.quality, b.status]
  ELSE [b.name_en, b.kind, b.release_ts, b.seconds, b.region, b.language, b.summary, b.quality, b.status] END AS fields
WITH b, label, tags, size(fields) AS optional_fields, size([x IN fields WHERE x IS NOT NULL]) AS filled
RETURN label, b.id AS partner, b.name AS name, filled, tags,
  round((toFloat(filled) / optional_fields + CASE WHEN tags < 5 THEN tags / 5.0 ELSE 1.0 END + CASE WHEN coalesce(b.evidence, "real") = "real" THEN 1.0 ELSE 0.0 END) / 3, 9) AS data
ORDER BY label, partner;
