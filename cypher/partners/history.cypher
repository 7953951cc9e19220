// @title 合作历史 | with whom a partner has worked
// @param id STRING
// @param label STRING = "Brand"
// @access read
// Everyone who joined a partnership with it: how often, how often it was accepted, and when last.
MATCH (b:Film|Course|Brand {id: $id})
WHERE $label IN labels(b)
MATCH (b)<-[:JOINS]-(p:Partnership)
MATCH (p)-[:JOINS]->(x:Brand|Film|Course)
WHERE x <> b
WITH labels(x)[0] AS label, x.id AS partner, x.name AS name, count(p) AS times,
  count(CASE WHEN p.status IN ["accepted", "running", "ended"] THEN p ELSE NULL END) AS accepted, max(p.starts_ts) AS last_ts
RETURN label, partner, name, times, accepted, last_ts
ORDER BY times DESC, label, partner;
