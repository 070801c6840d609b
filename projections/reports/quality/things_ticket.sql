-- The tickets of a period: whether nobody opened them, they ended before they began, name an unknown call; are still open.
-- In the place of `meant` stands meant_ticket.sql; `unknown` are calls that they name and the ledger does not have.
SELECT 'ticket' AS base, ticket AS subject, arrayConcat(
    if(opened_at IS NULL, ['ticket_without_opening'], []),
    if(opened_at > least(
        ifNull(dispatched_at, opened_at), ifNull(accepted_at, opened_at), ifNull(first_resolved_at, opened_at),
        ifNull(cancelled_at, opened_at), ifNull(voided_at, opened_at)), ['ticket_before_opening'], []),
    if(call IN {unknown:Array(String)}, ['ticket_of_unknown_call'], []),
    if(NOT closed, ['open_tickets'], [])) AS kinds
FROM ({meant})
