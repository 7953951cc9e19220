// @title 学习完成情况 | how far learners get
// @param minCell INTEGER = 50
// @access read
// Learners with consent per course, mean progress and the share who completed it; progress not stated is not measured,
// and what fewer than minCell of them state is hidden.
MATCH (k:Course)<-[e:ENROLLED]-(u:User)
WHERE u.consent = true AND (u.consent_scope IS NULL OR "plan" IN u.consent_scope)
WITH k, count(u) AS learners, avg(e.progress) AS progress, count(e.progress) AS measured, count(CASE WHEN e.progress >= 1.0 THEN 1 ELSE NULL END) AS done
WHERE learners >= $minCell
RETURN k.id AS course, k.name AS name, learners, CASE WHEN measured >= $minCell THEN round(progress, 9) ELSE NULL END AS progress,
  CASE WHEN measured > 0 AND measured >= $minCell THEN round(toFloat(done) / measured, 9) ELSE NULL END AS completed
ORDER BY course;
