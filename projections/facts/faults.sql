-- 故障 · One row an outage, from its first raising to its last clearing; not cleared when it was raised again after that.
SELECT
    tenant,
    toLowCardinality(argMin(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS fault,
    toLowCardinality(argMinIf(toString(system), place, type = 'fault.raised')) AS system,
    toLowCardinality(argMinIf(toString(kind), place, type = 'fault.raised')) AS kind,
    toLowCardinality(argMinIf(toString(severity), place, type = 'fault.raised')) AS severity,
    minIfOrNull(occurred_at, type = 'fault.raised') AS raised_at,
    if(argMax(type, place) = 'fault.cleared', maxIfOrNull(occurred_at, type = 'fault.cleared'), NULL) AS cleared_at,
    max(offset) AS last_offset
FROM
(
    SELECT
        *,
        -- ties in time: the order of the types in the catalogue, then the event id
        (occurred_at, indexOf(['fault.raised', 'fault.cleared'], toString(type)), event_id) AS place
    FROM fault_events
)
GROUP BY tenant, subject
