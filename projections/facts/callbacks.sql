-- 回访 · One row a promise to call. What was promised comes from the first request; agent: who completed it, else who tried last, else
-- who was to call.
SELECT
    tenant,
    toLowCardinality(argMin(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS callback,
    toLowCardinality(argMinIf(toString(purpose), place, type = 'callback.requested')) AS purpose,
    argMinIf(toString(customer), place, type = 'callback.requested') AS customer,
    toLowCardinality(multiIf(
        countIf(type = 'callback.completed') > 0, argMaxIf(toString(agent), place, type = 'callback.completed'),
        countIf(type = 'callback.attempted') > 0, argMaxIf(toString(agent), place, type = 'callback.attempted'),
        argMinIf(toString(agent), place, type = 'callback.requested'))) AS agent,
    argMinIf(toString(call), place, type = 'callback.requested') AS call,
    argMinIf(toString(ticket), place, type = 'callback.requested') AS ticket,
    argMinIf(toString(complaint), place, type = 'callback.requested') AS complaint,
    minIfOrNull(occurred_at, type = 'callback.requested') AS requested_at,
    argMinIf(due_at, place, type = 'callback.requested') AS due_at,
    toUInt16(uniqExactIf(event_id, type = 'callback.attempted')) AS attempts,
    minIfOrNull(occurred_at, type = 'callback.attempted') AS first_attempt_at,
    (countIf(type = 'callback.attempted' AND outcome = 'reached') > 0)::Bool AS reached,
    minIfOrNull(occurred_at, type = 'callback.attempted' AND outcome = 'reached') AS reached_at,
    toLowCardinality(argMaxIf(toString(outcome), place, type = 'callback.attempted')) AS last_outcome,
    minIfOrNull(occurred_at, type = 'callback.completed') AS completed_at,
    argMaxIf((satisfied, 0), place, type = 'callback.completed').1 AS satisfied,
    (countIf(type = 'callback.checked') > 0)::Bool AS checked,
    argMaxIf(accurate, place, type = 'callback.checked') AS accurate,
    minIfOrNull(occurred_at, type = 'callback.cancelled') AS cancelled_at,
    max(offset) AS last_offset
FROM
(
    SELECT
        *,
        -- ties in time: the order of the types in the catalogue, then the event id
        (occurred_at, indexOf([
            'callback.requested', 'callback.attempted', 'callback.completed', 'callback.checked', 'callback.cancelled'], toString(type)),
            event_id) AS place
    FROM callback_events
)
GROUP BY tenant, subject
