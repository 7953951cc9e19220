// @title 节点总览 | nodes by label
// @access read
// How many nodes of each label the store holds; our own bookkeeping is left out.
MATCH (n)
WITH labels(n)[0] AS label, count(n) AS nodes
WHERE NOT label STARTS WITH "_Gk"
RETURN label, nodes
ORDER BY label;
