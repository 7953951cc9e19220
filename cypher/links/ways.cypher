// @title 缺失关系的依据 | what a predicted tie rests on
// @param id STRING
// @param to STRING
// @param label STRING = "Film"
// @param toLabel STRING = "Brand"
// @param minCell INTEGER = 50
// @access read
// Every node tied with the target, by which a walk can enter it, and whether it is tied with the source too; users with consent in one row, small numbers left out.
// sources, outside, degree: how many nodes of the source's label, of other labels than the target's, and in all are tied with the target.
MATCH (s:User|Film|Course|Brand|Channel|Tag|Material|CoProduction|Touchpoint|Offer|Partnership|Campaign {id: $id})
WHERE $label IN labels(s) AND (NOT ("User" IN labels(s)) OR (s.consent = true AND (s.consent_scope IS NULL OR "plan" IN s.consent_scope)))
MATCH (t:User|Film|Course|Brand|Channel|Tag|Material|CoProduction|Touchpoint|Offer|Partnership|Campaign {id: $to})
WHERE $toLabel IN labels(t) AND (NOT ("User" IN labels(t)) OR (t.consent = true AND (t.consent_scope IS NULL OR "plan" IN t.consent_scope)))
MATCH (t)-[:FOLLOWS|KNOWS|SHARED_WITH|WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT|SUBSCRIBES|REDEEMED|REACHES|RUNS|OWNS|ACCEPTS|BOOSTS|HAS_TAG|REQUIRES|PRODUCED|PLACED_IN|LINKED_WITH|JOINS|YIELDS|EMBEDDED_IN|TEACHES|CARRIES|OFFERS|APPLIES_TO|HOLDS_RIGHTS|PROMOTES|PART_OF|EXECUTES]-(v)
WHERE v <> t AND (NOT ("User" IN labels(v)) OR (v.consent = true AND (v.consent_scope IS NULL OR "plan" IN v.consent_scope)))
WITH DISTINCT s, v
OPTIONAL MATCH (v)-[q:FOLLOWS|KNOWS|SHARED_WITH|WATCHED|WANTS|LIKES|RATED|ENROLLED|BOUGHT|SUBSCRIBES|REDEEMED|REACHES|RUNS|OWNS|ACCEPTS|BOOSTS|HAS_TAG|REQUIRES|PRODUCED|PLACED_IN|LINKED_WITH|JOINS|YIELDS|EMBEDDED_IN|TEACHES|CARRIES|OFFERS|APPLIES_TO|HOLDS_RIGHTS|PROMOTES|PART_OF|EXECUTES]-(s)
WITH v, count(q) AS ties
WITH collect({label: labels(v)[0], id: v.id, name: coalesce(v.name, v.title), tied: CASE WHEN (ties > 0) THEN 1 ELSE 0 END}) AS near
WITH near, size(near) AS degree, size([x IN near WHERE x.label = $label]) AS sources, size([x IN near WHERE x.label <> $toLabel]) AS outside,
  size([x IN near WHERE x.label = "User"]) AS users
WITH near, degree, sources, outside, (users > 0 AND users < $minCell) AS secret
UNWIND near AS x
WITH degree, sources, outside, secret, x.label AS via_label, CASE WHEN (x.label = "User") THEN null ELSE x.id END AS via,
  CASE WHEN (x.label = "User") THEN null ELSE x.name END AS name, count(*) AS nodes, sum(x.tied) AS tied
WITH degree, sources, outside, secret, via_label, via, name, nodes, tied, (via_label = "User" AND (secret OR (tied > 0 AND tied < $minCell))) AS few
RETURN via_label, via, name, CASE WHEN (via_label = "User" AND secret) THEN null ELSE nodes END AS nodes, CASE WHEN few THEN null ELSE tied END AS tied,
  CASE WHEN (secret AND $label = "User") THEN null ELSE sources END AS sources,
  CASE WHEN (secret AND $toLabel <> "User") THEN null ELSE outside END AS outside, CASE WHEN secret THEN null ELSE degree END AS degree
ORDER BY via_label, via;
