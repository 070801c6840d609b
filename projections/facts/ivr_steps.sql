-- IVR 步骤 · One row a node reached in the voice menu, numbered in order; an entry into a flow that reached no node is a row without one.
-- flow: that of the latest call.ivr_entered before it. started_at: the call's, as in calls. The first row of a call that entered the menu
-- says so (entered), the last one (left_here) how it left it (outcome); went_on: the call was queued or answered by a person.
SELECT
    tenant,
    toLowCardinality(step.vendor) AS vendor,
    first_day,
    call,
    toUInt16(number) AS n,
    step.at AS at,
    started_at,
    toLowCardinality(flow) AS flow,
    toLowCardinality(if(step.rank = 2, step.name, '')) AS node,
    toLowCardinality(if(step.rank = 2, step.input, '')) AS input,
    toLowCardinality(hotline) AS hotline,
    (has_entered AND number = 1)::Bool AS entered,
    (has_entered AND number = length(steps))::Bool AS left_here,
    toLowCardinality(if(number = length(steps), last_outcome, '')) AS outcome,
    went_on,
    last_offset
FROM
(
    SELECT
        tenant,
        call,
        first_day,
        last_offset,
        started_at,
        hotline,
        last_outcome,
        went_on,
        arrayExists(e -> e.rank = 1, events) AS has_entered,
        arrayFill(e -> e.rank = 1, events) AS entries,
        -- the nodes, and the entries that no node follows
        arrayFilter((e, following) -> e.rank = 2 OR following.rank != 2, events, arrayShiftLeft(events, 1)) AS steps,
        arrayMap(
            entry -> if(entry.rank = 1, entry.name, ''),
            arrayFilter((entry, e, following) -> e.rank = 2 OR following.rank != 2, entries, events, arrayShiftLeft(events, 1))
        ) AS flows
    FROM
    (
        SELECT
            tenant,
            subject AS call,
            toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
            max(offset) AS last_offset,
            coalesce(minIfOrNull(occurred_at, type = 'call.offered'), min(occurred_at)) AS started_at,
            argMinIf(toString(hotline), (occurred_at, event_id), type = 'call.offered') AS hotline,
            argMaxIf(toString(outcome), (occurred_at, event_id), type = 'call.ivr_left') AS last_outcome,
            (countIf(type IN ('call.queued', 'call.answered')) > 0)::Bool AS went_on,
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
