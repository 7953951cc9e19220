// @title 合作意愿 | willingness of each brand
// @access read
// (accepted + 1) / (asked + 2) over all partnerships a brand was asked to join; without any, its declared willingness; else not measured.
MATCH (b:Brand)
OPTIONAL MATCH (b)<-[:JOINS]-(p:Partnership)
WHERE p.status <> "proposed"
WITH b, count(p) AS asked, count(CASE WHEN p.status IN ["accepted", "running", "ended"] THEN p ELSE NULL END) AS accepted
RETURN b.id AS brand, b.name AS name, asked, accepted,
  CASE WHEN asked > 0 THEN round(toFloat(accepted + 1) / (asked + 2), 9) ELSE b.willingness END AS will
ORDER BY brand;
