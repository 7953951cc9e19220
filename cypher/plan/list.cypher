// @title 已保存的计划 | stored plans
// @access read
// Plans written to the store, with what they cost and reach.
MATCH (p:Plan)
RETURN p.id AS plan, p.objective AS objective, p.budget AS budget, p.spent AS spent, p.reach AS reach,
  p.reach_lower AS reach_lower, p.reach_upper AS reach_upper, p.ratio AS ratio, p.delta AS delta, p.seed AS seed
ORDER BY plan;
