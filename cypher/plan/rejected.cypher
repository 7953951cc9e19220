// @title 未入选的候选 | candidates a plan rejected
// @param plan STRING
// @access read
// Every candidate that is not in the plan: blocked by which rules and why, or not chosen, with what it would add.
MATCH (p:Plan {id: $plan})
MATCH (p)-[r:REJECTS]->(x)
RETURN labels(x)[0] AS label, x.id AS id, r.rule AS rule, r.reason AS reason
ORDER BY label, id, rule;
