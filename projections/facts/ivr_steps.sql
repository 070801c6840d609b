-- IVR 步骤 · One row a node reached in the voice menu, numbered in order. flow: that of the latest call.ivr_entered before it.
SELECT
    tenant,
    toLowCardinality(step.vendor) AS vendor,
    first_day,
    call,
    toUInt16(number) AS n,
    step.at AS at,
    toLowCardinality(flow) AS flow,
    toLowCardinality(step.name) AS node,
    toLowCardinality(step.input) AS input,
    toLowCardinality(hotline) AS hotline,
    last_offset
FROM
(
    SELECT
        tenant,
        call,
        first_day,
        last_offset,
        hotline,
        arrayFill(e -> e.rank = 1, events) AS entries,
        arrayFilter(e -> e.rank = 2, events) AS steps,
        arrayMap(
            entry -> if(entry.rank = 1, entry.name, ''),
            arrayFilter((entry, e) -> e.rank = 2, entries, events)
        ) AS flows
    FROM
    (
        SELECT
            tenant,
            subject AS call,
            toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
            max(offset) AS last_offset,
            argMinIf(toString(hotline), (occurred_at, event_id), type = 'call.offered') AS hotline,
            arrayCompact(e -> e.id, arraySort(groupArrayIf(
                (occurred_at, if(type = 'call.ivr_entered', 1, 2), event_id, vendor, if(type = 'call.ivr_entered', flow, node), input)::Tuple(
                    at DateTime64(6, 'UTC'), rank UInt8, id UUID, vendor String, name String, input String),
                type IN ('call.ivr_entered', 'call.ivr_selected')
            ))) AS events
        FROM call_events
        GROUP BY tenant, subject
    )
)
ARRAY JOIN steps AS step, flows AS flow, arrayEnumerate(steps) AS number
