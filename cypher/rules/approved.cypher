// @title 未获批准的物料 | materials that are not approved
// @access read
// Only approved materials and co-productions may enter a plan.
MATCH (m:Material|CoProduction)
WHERE coalesce(m.status, "") <> "approved"
RETURN labels(m)[0] AS label, m.id AS id, "status " + coalesce(m.status, "not stated") AS reason, "block" AS severity
ORDER BY label, id;
