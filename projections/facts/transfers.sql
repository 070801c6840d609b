-- 转接 · One row a transfer, numbered in the order in which they happened.
-- from_queue is the queue of the leg that the transferring agent had last answered; '' for a direct answer, or none.
SELECT
    tenant,
    toLowCardinality(x.vendor) AS vendor,
    first_day,
    call,
    toUInt16(number) AS n,
    x.at AS at,
    toLowCardinality(x.agent) AS from_agent,
    toLowCardinality(mark.queue) AS from_queue,
    toLowCardinality(x.detail) AS to_kind,
    toLowCardinality(x.target) AS to,
    toLowCardinality(x.mode) AS mode,
    toLowCardinality(offer.hotline) AS hotline,
    last_offset
FROM
(
    SELECT
        *,
        arrayFilter(e -> e.type = 'call.transferred', events) AS transfers,
        -- (place, queue) of each: once from its leg, once for those that no leg knows; the first of each place stays
        arrayCompact(m -> m.place, arraySort(m -> (m.place, m.queue = ''), arrayConcat(
            arrayFlatten(arrayMap(leg -> arrayMap(place -> (place, leg.queue)::Tuple(place UInt32, queue String), leg.transfers), legs)),
            arrayMap(
                place -> (place, '')::Tuple(place UInt32, queue String),
                arrayFilter((place, e) -> e.type = 'call.transferred', arrayEnumerate(events), events))
        ))) AS marks
    FROM call_timelines
    WHERE (tenant, call) IN (SELECT tenant, subject FROM call_events WHERE type = 'call.transferred')
)
ARRAY JOIN transfers AS x, marks AS mark, arrayEnumerate(transfers) AS number
