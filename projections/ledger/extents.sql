-- How much there is of each partition in one ledger table: rows, copies counted, and the last offset.
SELECT toString(topic) AS topic, partition, count(), max(offset)
FROM {stream:Identifier}
GROUP BY topic, partition
