// @title 版权检查 | rights to use a film, course, material or co-production
// @param item STRING
// @param label STRING = ""
// @param use STRING = "promote"
// @param region STRING = ""
// @param startsTs INTEGER = 0
// @param endsTs INTEGER = 0
// @access read
// Blocks the item unless we, or a brand in a running partnership, hold this use for the region and the whole time [startsTs, endsTs).
// What is not stated is not allowed, an item that does not exist included. An empty label asks for every item with this id,
// an empty region for any; both times 0 ask for no particular time.
OPTIONAL MATCH (x:Film|Course|Material|CoProduction)
WHERE (x.id = $item) AND ($label = "" OR $label IN labels(x))
OPTIONAL MATCH (x)<-[h:HOLDS_RIGHTS]-(b:Brand)
WHERE $use IN h.uses
  AND ($region = "" OR "ALL" IN h.territory OR $region IN h.territory)
  AND (($startsTs = 0 AND $endsTs = 0) OR (h.from_ts <= $startsTs AND $endsTs <= h.to_ts))
  AND (b.ours = true OR EXISTS { MATCH (b)<-[:JOINS]-(p:Partnership) WHERE p.status = "running" })
WITH x, count(h) AS grants
WHERE grants = 0
RETURN CASE WHEN x IS NULL THEN $label ELSE labels(x)[0] END AS label, $item AS id,
  CASE WHEN x IS NULL THEN "there is no such item" ELSE "no right to " + $use + " is held for this region and time" END AS reason,
  "block" AS severity
ORDER BY label, id;
