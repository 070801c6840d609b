-- 更正关系 · Which events took the place of the given ones, whatever thing they are about; the latest last.
SELECT corrects_source, corrects, event_id, topic, partition, offset
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND corrects IN {ids:Array(UUID)} AND recorded_at <= {known_at:DateTime64(6, 'UTC')}
ORDER BY recorded_at, offset
