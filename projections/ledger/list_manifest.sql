-- What the writers have noted since the last loss that was accepted; of several notes on one partition the farthest.
SELECT any(epoch), toString(topic), partition, max(rows), max(last), max(next)
FROM manifest
WHERE epoch = (SELECT max(epoch) FROM manifest)
GROUP BY topic, partition
