-- The topics as the ledger first met them.
SELECT toString(topic), topic_id, toString(cluster_id), partitions
FROM log_topics
ORDER BY topic, first_seen
LIMIT 1 BY topic
