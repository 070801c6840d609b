-- The offset after the last one, for each partition kept in one ledger table.
SELECT toString(topic) AS topic, partition, max(offset) + 1 AS next
FROM {stream:Identifier}
GROUP BY topic, partition
