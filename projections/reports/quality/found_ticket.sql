-- Tickets of the period that nobody opened, that ended before they began, that name an unknown call; tickets still open.
WITH told AS
(
    SELECT *, coalesce(opened_at, dispatched_at, accepted_at, first_resolved_at, cancelled_at, voided_at, due_at) AS began
    FROM tickets FINAL
    WHERE tenant = {tenant:String}
),
meant AS (SELECT * FROM told WHERE began >= {start:DateTime64(6, 'UTC')} AND began < {stop:DateTime64(6, 'UTC')})
SELECT 'ticket_without_opening' AS kind, ticket AS subject FROM meant WHERE opened_at IS NULL
UNION ALL
SELECT 'ticket_before_opening', ticket FROM meant
WHERE opened_at > least(
    ifNull(dispatched_at, opened_at), ifNull(accepted_at, opened_at), ifNull(first_resolved_at, opened_at),
    ifNull(cancelled_at, opened_at), ifNull(voided_at, opened_at))
UNION ALL
SELECT 'ticket_of_unknown_call', ticket FROM meant
WHERE call != '' AND call NOT IN (SELECT subject FROM call WHERE tenant = {tenant:String} AND subject IN (SELECT call FROM meant))
UNION ALL
SELECT 'open_tickets', ticket FROM meant WHERE NOT closed
