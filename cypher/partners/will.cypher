// @title 合作意愿 | willingness of each partner
// @access read
// (accepted + 1) / (asked + 2) over all partnerships it was asked to join; without any, the declared willingness of a brand; else not measured.
MATCH (b:Brand|Course|Film)
OPTIONAL MATCH (b)<-[:JOINS]-(p:Partnership)
WHERE p.status <> "proposed"
WITH b, count(p) AS asked, count(CASE WHEN p.status IN ["accepted", "running", "ended"] THEN p ELSE NULL END) AS accepted
RETURN labels(b)[0] AS label, b.id AS partner, b.name AS name, asked, accepted,
  CASE WHEN asked > 0 THEN round(toFloat(accepted + 1) / (asked + 2), 9) ELSE b.willingness END AS will
ORDER BY label, partner;
