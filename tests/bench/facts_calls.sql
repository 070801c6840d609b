-- Call events of a month made by the engine, six a call: 78 % answered, 16 % abandoned, 6 % held and transferred; random call ids.
INSERT INTO call
(
    tenant, subject, occurred_at, type, version, event_id, vendor, source, actor, direction, channel, hotline, customer, queue,
    agent, from_agent, to_kind, to, mode, reason, by, started_at, category, nature, payload, topic, partition, offset, recorded_at
)
WITH
    sipHash64(n) AS h,
    toDateTime64('2026-01-01 00:00:00', 6, 'UTC') + toIntervalMicrosecond(intDiv(n * 2592000000000, {calls:UInt64})) AS t0,
    h % 100 AS kind,
    'a' || toString(h % 200) AS one,
    'a' || toString((h + 7) % 200) AS other,
    'q' || toString(h % 8) AS queue_of,
    toInt64(h % 60000) AS wait,
    toInt64(5000 + h % 300000) AS talk,
    multiIf(
        kind < 78, [
            ('offered', 0, ''), ('queued', 3000, ''), ('rung', 2000 + wait, one), ('answered', 3000 + wait, one),
            ('ended', 3000 + wait + talk, ''), ('wrapped_up', 23000 + wait + talk, one)],
        kind < 94, [('offered', 0, ''), ('queued', 3000, ''), ('left_queue', 3000 + wait, ''), ('ended', 3000 + wait, '')],
        [
            ('offered', 0, ''), ('queued', 3000, ''), ('rung', 2000 + wait, one), ('answered', 3000 + wait, one),
            ('held', 4000 + wait, one), ('resumed', 9000 + wait, one), ('transferred', 13000 + wait + talk, one),
            ('answered', 18000 + wait + talk, other), ('released', 13000 + wait + 2 * talk, other),
            ('ended', 13000 + wait + 2 * talk, ''), ('wrapped_up', 33000 + wait + 2 * talk, other)]
    ) AS happened,
    e.1 AS name,
    e.3 AS by_whom,
    generateUUIDv4(n * 16 + i) AS id,
    if(name IN ('queued', 'left_queue') OR (name = 'answered' AND i < 5), queue_of, '') AS at_queue
SELECT
    't1',
    'c' || hex(h),
    t0 + toIntervalMillisecond(e.2) AS at,
    'call.' || name,
    1,
    id,
    if(h % 3 = 0, 'v1', 'in-house'),
    'sim:bench',
    '',
    if(name = 'offered', 'inbound', ''),
    if(name = 'offered', 'phone', ''),
    if(name = 'offered', '4001', ''),
    if(name = 'offered', 'k' || toString(h % 1000000), ''),
    at_queue,
    if(name = 'transferred', '', by_whom),
    if(name = 'transferred', by_whom, ''),
    if(name = 'transferred', 'agent', ''),
    if(name = 'transferred', other, ''),
    if(name = 'transferred', 'attended', ''),
    if(name = 'left_queue', 'abandoned', ''),
    if(name = 'ended', 'customer', ''),
    if(name = 'wrapped_up', at - toIntervalSecond(20), NULL),
    if(name = 'wrapped_up', 'cat' || toString(h % 40), ''),
    if(name = 'wrapped_up', 'consult', ''),
    format(
        '{{"type":"call.{}","specversion":"1.0","id":"{}","source":"sim:bench","subject":"c{}","time":"{}Z","tenant":"t1",'
        || '"data":{{"queue":"{}","agent":"{}"}},"vendor":"v1"}}', name, toString(id), hex(h), toString(at), at_queue, by_whom),
    'call',
    0,
    n * 16 + i,
    t0
FROM (SELECT number AS n FROM numbers({first:UInt64}, {count:UInt64}))
ARRAY JOIN happened AS e, arrayEnumerate(happened) AS i
