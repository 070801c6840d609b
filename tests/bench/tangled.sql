-- Tells the bench's facts which of their things the ledger has in another order than they happened, as facts made from it would know.
INSERT INTO {fact}
SELECT filled.* REPLACE (found.first AS tangled_from, found.last AS tangled_to)
FROM {fact} AS filled FINAL
INNER JOIN
(
    SELECT subject, min(occurred_at) AS first, max(occurred_at) AS last
    FROM {stream}
    GROUP BY subject
    HAVING arrayMin(arrayDifference(arraySort(groupArray((offset, occurred_at))).2)) < 0
) AS found ON found.subject = filled.{stream}
