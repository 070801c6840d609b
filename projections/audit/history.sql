-- 事件历史 · Every stored event of one thing, each place of the log once, in the order in which the events happened.
SELECT
    type, version, occurred_at, recorded_at, topic, partition, offset, event_id,
    vendor, source, actor, caused_by, corrects, corrects_source, backfill, payload
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND subject = {subject:String} AND recorded_at <= {known_at:DateTime64(6, 'UTC')}
ORDER BY occurred_at, offset, topic, partition
LIMIT 1 BY topic, partition, offset
