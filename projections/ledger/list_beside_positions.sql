-- The next offset of each partition of the topics beside the streams'.
SELECT toString(topic), partition, max(following)
FROM beside_positions
GROUP BY topic, partition
