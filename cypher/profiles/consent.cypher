// @title 同意范围 | share of people who may be addressed
// @param minCell INTEGER = 50
// @access read
// People and those with consent for plans per region; without it a person and all his ties are out of every plan. Small regions are hidden.
MATCH (u:User)
WITH u.region AS region, count(u) AS people, count(CASE WHEN u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope) THEN u ELSE NULL END) AS consenting
WHERE people >= $minCell
RETURN coalesce(region, "") AS region, people,
  CASE WHEN consenting >= $minCell AND (people = consenting OR people - consenting >= $minCell) THEN consenting ELSE NULL END AS consenting,
  CASE WHEN consenting >= $minCell AND (people = consenting OR people - consenting >= $minCell) THEN round(toFloat(consenting) / people, 9) ELSE NULL END AS share
ORDER BY region;
