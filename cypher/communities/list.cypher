// @title 已保存的社群 | stored communities
// @param minCell INTEGER = 50
// @access read
// Runs whose communities are kept, by `communities --write` or as groups of an experiment: number, users, modularity, and the ties they were found on.
MATCH (c:Community)
WHERE c.run IS NOT NULL
WITH c.run AS run, count(c) AS communities, sum(c.size) AS users, max(c.modularity) AS modularity, max(c.ties) AS ties
RETURN run, communities, CASE WHEN users >= $minCell THEN users ELSE NULL END AS users, modularity, ties
ORDER BY run;
