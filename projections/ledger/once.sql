-- What a reader counts of one stream: one row for each place in the log, then one, the first, for each event,
-- and nothing that another event corrects. "Nothing twice" is judged on this read.
SELECT *
FROM (
    SELECT *
    FROM (SELECT * FROM {stream:Identifier} ORDER BY topic, partition, offset LIMIT 1 BY topic, partition, offset)
    ORDER BY recorded_at, topic, partition, offset
    LIMIT 1 BY tenant, source, event_id
)
WHERE (tenant, source, event_id) NOT IN (
    SELECT tenant, corrects_source, corrects FROM {stream:Identifier} WHERE corrects != toUUID('00000000-0000-0000-0000-000000000000'))
