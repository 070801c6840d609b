-- What some ids stand for within a tenant: their sources, streams and things.
SELECT DISTINCT event_id, source, substring(type, 1, position(type, '.') - 1) AS stream, subject
FROM merge(currentDatabase(), {tables:String})
WHERE event_id IN {ids:Array(UUID)} AND tenant = {tenant:String}
