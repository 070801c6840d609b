-- Records of one partition of the local log in offset order; a place stored twice counts once.
SELECT offset, concat(tenant, '/', {stream:String}, '/', subject) AS key, payload, recorded_at, backfill
FROM {stream:Identifier}
WHERE topic = {topic:String} AND partition = {partition:UInt16} AND offset >= {start:UInt64} AND offset < {stop:UInt64}
ORDER BY offset
LIMIT 1 BY offset
