-- Partitions of a log of its own, whose offsets are given out once each, with rows that share one: how many, how many are missing.
SELECT partition, count() - uniqExact(offset) AS twice, max(offset) + 1 - uniqExact(offset) AS missing
FROM {stream:Identifier}
WHERE topic = {stream:String}
GROUP BY partition
HAVING twice > 0
ORDER BY partition
