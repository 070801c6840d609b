-- 班次 · One row a shift: the plan from its latest schedule, the attendance from its first sign-in and last sign-out.
SELECT
    tenant,
    toLowCardinality(argMin(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS shift,
    toLowCardinality(argMin(toString(agent), place)) AS agent,
    toLowCardinality(argMaxIf(toString(team), place, type = 'shift.scheduled')) AS team,
    argMaxIf(starts_at, place, type = 'shift.scheduled') AS starts_at,
    argMaxIf(ends_at, place, type = 'shift.scheduled') AS ends_at,
    minIfOrNull(occurred_at, type = 'shift.signed_in') AS signed_in_at,
    maxIfOrNull(occurred_at, type = 'shift.signed_out') AS signed_out_at,
    toLowCardinality(argMaxIf(toString(kind), place, type = 'shift.excused')) AS excused,
    -- from its first to its last event where they were recorded in another order than they happened, or one of them more than once
    if(
        uniqExact(event_id) < count() OR arrayMin(arrayDifference(arraySort(groupArray((offset, occurred_at))).2)) < 0 AS tangled,
        min(occurred_at), toDateTime64(0, 6, 'UTC')) AS tangled_from,
    if(tangled, max(occurred_at), toDateTime64(0, 6, 'UTC')) AS tangled_to,
    max(offset) AS last_offset
FROM
(
    SELECT
        *,
        -- ties in time: the order of the types in the catalogue, then the event id
        (occurred_at, indexOf([
            'shift.scheduled', 'shift.signed_in', 'shift.state_changed', 'shift.signed_out', 'shift.excused'], toString(type)),
            event_id) AS place
    FROM shift_events
)
GROUP BY tenant, subject
