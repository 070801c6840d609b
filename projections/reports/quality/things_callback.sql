-- The callbacks of a period: whether nobody asked for them, they were done before, name an unknown call.
-- In the place of `meant` stands meant_callback.sql; `unknown` are calls that they name and the ledger does not have.
SELECT 'callback' AS base, callback AS subject, arrayConcat(
    if(requested_at IS NULL, ['callback_without_request'], []),
    if(requested_at > least(
        ifNull(first_attempt_at, requested_at), ifNull(completed_at, requested_at), ifNull(cancelled_at, requested_at)), ['callback_before_request'], []),
    if(call IN {unknown:Array(String)}, ['callback_of_unknown_call'], [])) AS kinds
FROM ({meant})
