// @title 版权检查 | rights to use a film
// @param film STRING
// @param use STRING = "promote"
// @param region STRING = ""
// @param startsTs INTEGER = 0
// @param endsTs INTEGER = 0
// @access read
// Blocks the film unless we, or a brand in a running partnership, hold this use for the region and the whole time [startsTs, endsTs).
// What is not stated is not allowed. An empty region asks for any; both times 0 ask for no particular time.
MATCH (f:Film {id: $film})
OPTIONAL MATCH (f)<-[h:HOLDS_RIGHTS]-(b:Brand)
WHERE $use IN h.uses
  AND ($region = "" OR "ALL" IN h.territory OR $region IN h.territory)
  AND (($startsTs = 0 AND $endsTs = 0) OR (h.from_ts <= $startsTs AND $endsTs <= h.to_ts))
  AND (b.ours = true OR EXISTS { MATCH (b)<-[:JOINS]-(p:Partnership) WHERE p.status = "running" })
WITH f, count(h) AS grants
WHERE grants = 0
RETURN "Film" AS label, f.id AS id, "no right to " + $use + " is held for this region and time" AS reason, "block" AS severity
ORDER BY id;
