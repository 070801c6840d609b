-- 更正关系 · Which events took the place of the given ones, whatever thing they are about: the latest of each.
SELECT corrects, argMax(event_id, (recorded_at, offset)) AS by
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND corrects IN {ids:Array(UUID)} AND recorded_at <= {known_at:DateTime64(6, 'UTC')}
GROUP BY corrects
