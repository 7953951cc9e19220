// @title 已保存的实验 | stored experiments
// @access read
// Experiments written to the store, with the exposure threshold, the power for the effect they look for, and the plan they test.
MATCH (e:Experiment)
OPTIONAL MATCH (e)-[:TESTS]->(p:Plan)
RETURN e.id AS experiment, e.design AS design, e.theta AS theta, e.power AS power, e.mde AS mde, p.id AS plan
ORDER BY experiment, coalesce(p.id, "");
