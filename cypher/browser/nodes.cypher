// @title 编号与名称 | ids and names of one label
// @param label STRING = "Film"
// @param part STRING = ""
// @param top INTEGER = 100
// @access read
// The first nodes of a label by id, whose id or name contains a text; every node contains the empty one.
MATCH (n)
WHERE $label IN labels(n) AND NOT $label STARTS WITH "_Gk" AND (n.id CONTAINS $part OR coalesce(n.name, "") CONTAINS $part)
RETURN n.id AS id, n.name AS name
ORDER BY id
LIMIT toInteger($top);
