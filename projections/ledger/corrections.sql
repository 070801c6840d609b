-- The stored events that correct some events directly, in log order; a place stored twice counts once.
SELECT tenant, source, event_id, corrects_source, corrects, payload
FROM merge(currentDatabase(), {tables:String})
WHERE corrects IN {ids:Array(UUID)} AND tenant IN {tenants:Array(String)}
ORDER BY recorded_at, topic, partition, offset
LIMIT 1 BY topic, partition, offset
