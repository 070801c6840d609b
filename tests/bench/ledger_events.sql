-- The events of one day's calls, as the fact tables of the bench know them: six a call, the wrap-ups from a second source, in
-- the order in which they were recorded (some seconds after they happened).
INSERT INTO call
(
    tenant, subject, occurred_at, type, version, event_id, vendor, source, direction, channel, hotline, customer, queue, agent,
    reason, by, started_at, category, nature, payload, topic, partition, offset, recorded_at
)
SELECT
    'bench',
    call,
    at,
    'call.' || name,
    1,
    id,
    vendor,
    if(name = 'wrapped_up', 'crm', 'pbx'),
    if(name = 'offered', 'inbound', ''),
    if(name = 'offered', 'phone', ''),
    if(name = 'offered', hotline, ''),
    if(name = 'offered', customer, ''),
    if(name IN ('queued', 'answered', 'left_queue'), first_queue, ''),
    if(name IN ('rung', 'answered', 'wrapped_up'), first_agent, ''),
    if(name = 'left_queue', 'abandoned', ''),
    if(name = 'ended', 'customer', ''),
    if(name = 'wrapped_up', ended_at, NULL),
    if(name = 'wrapped_up', category, ''),
    if(name = 'wrapped_up', nature, ''),
    format(
        '{{"type":"call.{}","specversion":"1.0","id":"{}","source":"pbx","subject":"{}","time":"{}Z","tenant":"bench",'
        || '"data":{{"queue":"{}","agent":"{}"}},"vendor":"{}"}}',
        name, toString(id), call, toString(at), first_queue, first_agent, vendor),
    'call',
    0,
    {from:UInt64} + rowNumberInAllBlocks(),
    recorded
FROM
(
    SELECT
        * EXCEPT (happened),
        e.1 AS name,
        e.2 AS at,
        generateUUIDv4(i) AS id,
        e.2 + toIntervalMillisecond(1000 + sipHash64(call, i) % 3000) AS recorded
    FROM
    (
        SELECT
            *,
            assumeNotNull(ended_at) AS over,
            if(answered,
                [
                    ('offered', started_at), ('queued', started_at), ('rung', assumeNotNull(answered_at)),
                    ('answered', assumeNotNull(answered_at)), ('ended', over), ('wrapped_up', over + toIntervalSecond(20))],
                [
                    ('offered', started_at), ('ivr_entered', started_at), ('ivr_left', started_at), ('queued', started_at),
                    ('left_queue', over), ('ended', over)]) AS happened
        FROM calls
        WHERE first_day = {day:Date}
    )
    ARRAY JOIN happened AS e, arrayEnumerate(happened) AS i
    ORDER BY recorded, call, i
)
