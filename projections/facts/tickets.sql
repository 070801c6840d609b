-- 工单 · One row a ticket. What it is comes from its first opening; where it is from what happened last; a return makes it 'opened' again.
SELECT
    tenant,
    toLowCardinality(argMin(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS ticket,
    toLowCardinality(argMinIf(toString(kind), place, type = 'ticket.opened')) AS kind,
    toLowCardinality(argMinIf(toString(category), place, type = 'ticket.opened')) AS category,
    toLowCardinality(argMinIf(toString(priority), place, type = 'ticket.opened')) AS priority,
    toLowCardinality(argMaxIf(toString(department), place, department != '')) AS department,
    toLowCardinality(argMaxIf(toString(assignee), place, assignee != '')) AS assignee,
    argMinIf(toString(call), place, type = 'ticket.opened') AS call,
    argMinIf(toString(customer), place, type = 'ticket.opened') AS customer,
    minIfOrNull(occurred_at, type = 'ticket.opened') AS opened_at,
    argMaxIf(due_at, place, due_at IS NOT NULL) AS due_at,
    minIfOrNull(occurred_at, type = 'ticket.dispatched') AS dispatched_at,
    minIfOrNull(occurred_at, type = 'ticket.accepted') AS accepted_at,
    if(argMaxIf(type, place, type IN ('ticket.resolved', 'ticket.reopened')) = 'ticket.resolved', maxIfOrNull(occurred_at, type = 'ticket.resolved'), NULL) AS resolved_at,
    minIfOrNull(occurred_at, type = 'ticket.resolved') AS first_resolved_at,
    minIfOrNull(occurred_at, type = 'ticket.cancelled') AS cancelled_at,
    minIfOrNull(occurred_at, type = 'ticket.voided') AS voided_at,
    (state IN ('resolved', 'cancelled', 'voided'))::Bool AS closed,
    toLowCardinality(transform(
        argMaxIf(toString(type), place, type NOT IN ('ticket.locked', 'ticket.unlocked', 'ticket.urged', 'ticket.checked')),
        ['ticket.opened', 'ticket.dispatched', 'ticket.accepted', 'ticket.returned', 'ticket.resolved', 'ticket.reopened', 'ticket.cancelled', 'ticket.voided'],
        ['opened', 'dispatched', 'accepted', 'opened', 'resolved', 'reopened', 'cancelled', 'voided'], '')) AS state,
    toLowCardinality(argMaxIf(toString(outcome), place, type = 'ticket.resolved')) AS outcome,
    toUInt16(uniqExactIf(event_id, type = 'ticket.dispatched')) AS dispatches,
    toUInt16(uniqExactIf(event_id, type = 'ticket.returned')) AS returns,
    toUInt16(uniqExactIf(event_id, type = 'ticket.urged')) AS urges,
    toUInt16(uniqExactIf(event_id, type = 'ticket.reopened')) AS reopens,
    (argMaxIf(type, place, type IN ('ticket.locked', 'ticket.unlocked')) = 'ticket.locked')::Bool AS locked,
    (countIf(type = 'ticket.checked') > 0)::Bool AS checked,
    argMaxIf(accurate, place, type = 'ticket.checked') AS accurate,
    max(offset) AS last_offset
FROM
(
    SELECT
        *,
        -- ties in time: the order of the types in the catalogue, then the event id
        (occurred_at, indexOf([
            'ticket.opened', 'ticket.dispatched', 'ticket.accepted', 'ticket.returned', 'ticket.locked', 'ticket.unlocked',
            'ticket.urged', 'ticket.resolved', 'ticket.checked', 'ticket.reopened', 'ticket.cancelled', 'ticket.voided'], toString(type)),
            event_id) AS place
    FROM ticket_events
)
GROUP BY tenant, subject
