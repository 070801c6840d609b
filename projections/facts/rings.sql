-- 振铃 · One row a ring at an agent's telephone, numbered in order. A call.ring_missed belongs to the latest earlier call.rung of its
-- agent that is not missed yet; one without such a ring is a row of its own.
-- queue: that of the queue entry that was open then; with several open, the one entered last. '' where none was.
SELECT
    tenant,
    toLowCardinality(ring.vendor) AS vendor,
    first_day,
    call,
    toUInt32(number) AS n,
    ring.at AS at,
    toLowCardinality(ring.agent) AS agent,
    toLowCardinality(ring.queue) AS queue,
    toLowCardinality(offer.hotline) AS hotline,
    toLowCardinality(offer.direction) AS direction,
    toLowCardinality(offer.channel) AS channel,
    ring.missed AS missed,
    ring.ring_ms AS ring_ms,
    toLowCardinality(ring.reason) AS reason,
    last_offset
FROM
(
    SELECT
        tenant,
        call,
        first_day,
        last_offset,
        offer,
        arraySort(ring -> ring.place, arrayFilter(ring -> NOT ring.closes, arrayMap(
            (x, before, after) ->
            (
                x.place,
                x.sign = -1 AND before.sign = 1 AND before.agent = x.agent AND before.level = x.level,
                x.at, x.vendor, x.agent,
                -- ties in time: an entry's queueing comes before a ring, its close after it, so the times alone decide
                arrayLast(entry -> entry.queued_at <= x.at AND (NOT entry.closed OR entry.closed_at >= x.at), entries).queue,
                x.sign = -1 OR (after.sign = -1 AND after.agent = x.agent AND after.level = x.level),
                if(x.sign = -1, x.ring_ms, if(after.sign = -1 AND after.agent = x.agent AND after.level = x.level, after.ring_ms, NULL)),
                if(x.sign = -1, x.reason, if(after.sign = -1 AND after.agent = x.agent AND after.level = x.level, after.reason, ''))
            )::Tuple(
                place UInt32, closes Bool, at DateTime64(6, 'UTC'), vendor String, agent String, queue String, missed Bool,
                ring_ms Nullable(Int64), reason String),
            brackets, arrayShiftRight(brackets, 1), arrayShiftLeft(brackets, 1)
        ))) AS rings
    FROM
    (
        -- Rings as brackets: sign +1 rings, -1 misses. The level of a miss is that of the ring that it ends, as with queue entries.
        SELECT
            *,
            arraySort(b -> (b.agent, b.level, b.place), arrayMap(
                (s, sum) -> (s.agent, sum + (s.sign < 0), s.place, s.sign, s.at, s.vendor, s.ring_ms, s.reason)::Tuple(
                    agent String, level Int32, place UInt32, sign Int8, at DateTime64(6, 'UTC'), vendor String,
                    ring_ms Nullable(Int64), reason String),
                steps, arrayCumSum(arrayMap(s -> toInt32(s.sign), steps))
            )) AS brackets
        FROM
        (
            SELECT
                tenant,
                call,
                first_day,
                last_offset,
                offer,
                entries,
                arraySort(s -> (s.agent, s.place), arrayMap(
                    x -> (x.1.agent, x.2, if(x.1.type = 'call.rung', 1, -1), x.1.at, x.1.vendor, x.1.number, x.1.detail)::Tuple(
                        agent String, place UInt32, sign Int8, at DateTime64(6, 'UTC'), vendor String, ring_ms Nullable(Int64),
                        reason String),
                    arrayFilter(x -> x.1.type IN ('call.rung', 'call.ring_missed'), arrayZip(events, arrayEnumerate(events)))
                )) AS steps
            FROM call_timelines
            WHERE (tenant, call) IN (SELECT tenant, subject FROM call_events WHERE type IN ('call.rung', 'call.ring_missed'))
        )
    )
)
ARRAY JOIN rings AS ring, arrayEnumerate(rings) AS number
