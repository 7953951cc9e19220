// @title 按文字搜索 | films, courses and others by the letters of their names and texts
// @param text STRING
// @param labels LIST<STRING> = ["Film", "Course", "Brand", "Channel", "Tag", "Partnership", "Material"]
// @param top INTEGER = 20
// @access read
// Cosine of the single characters and pairs of characters of name, name_en, title and summary with those of the text, each times idf =
// ln((1 + texts) / (1 + texts with it)) + 1; the closest text stands for an item. The numbers of gk.search: `graphkit search` also counts whole
// words between blanks, which Chinese has none of. Upper and lower case are the same, wide and narrow letters (ＡＢＣ, ABC) are not.
MATCH (n:Film|Course|Brand|Channel|Tag|Partnership|Material)
WHERE labels(n)[0] IN $labels
UNWIND range(0, 3) AS part
WITH n, part, [n.name, n.name_en, n.title, n.summary][part] AS told
WHERE told <> ""
WITH n, part, [w IN split(replace(replace(replace(toLower(told), "\n", " "), "\r", " "), "\t", " "), " ") WHERE w <> ""] AS words
WITH n, part, substring(reduce(s = "", w IN words | s + " " + w), 1) AS told
WITH collect({node: n, part: part, told: told}) AS texts,
  substring(reduce(s = "", w IN [x IN split(replace(replace(replace(toLower($text), "\n", " "), "\r", " "), "\t", " "), " ") WHERE x <> ""] | s + " " + w), 1) AS asked
WITH texts, asked, size(texts) AS documents
UNWIND texts AS d
UNWIND range(0, size(d.told) - 1) AS i
UNWIND CASE WHEN (i + 1 < size(d.told)) THEN [1, 2] ELSE [1] END AS length
WITH documents, asked, d.node AS n, d.part AS part, substring(d.told, i, length) AS gram
WHERE gram <> " "
WITH documents, asked, n, part, gram, count(*) AS times
WITH documents, asked, gram, collect({node: n, part: part, times: times}) AS places
WITH places, size([i IN range(0, size(asked) - 1) WHERE substring(asked, i, size(gram)) = gram]) AS own, log(toFloat(1 + documents) / (1 + size(places))) + 1.0 AS idf
WITH collect({own: own, idf: idf, places: places}) AS grams
WITH grams, reduce(s = 0.0, g IN grams | s + g.own * g.own * g.idf * g.idf) AS square
UNWIND grams AS g
UNWIND g.places AS y
WITH square, y.node AS n, y.part AS part, sum(y.times * y.times * g.idf * g.idf) AS other, sum(g.own * y.times * g.idf * g.idf) AS inner,
  count(CASE WHEN (g.own > 0) THEN 1 ELSE NULL END) AS shared
WHERE shared > 0
WITH n, part, shared, round(inner / sqrt(square * other), 9) AS score
ORDER BY score DESC, part
WITH n, collect({score: score, shared: shared})[0] AS best
RETURN labels(n)[0] AS label, n.id AS id, coalesce(n.name, n.title) AS name, best.shared AS shared, best.score AS score
ORDER BY score DESC, label, id
LIMIT toInteger($top);
