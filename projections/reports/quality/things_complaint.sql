-- The complaints of a period: whether nobody filed them, they were dealt with before, name an unknown call.
-- In the place of `meant` stands meant_complaint.sql; `unknown` are calls that they name and the ledger does not have.
SELECT 'complaint' AS base, complaint AS subject, arrayConcat(
    if(filed_at IS NULL, ['complaint_without_filing'], []),
    if(filed_at > least(
        ifNull(investigated_at, filed_at), ifNull(adjudicated_at, filed_at), ifNull(resolved_at, filed_at),
        ifNull(withdrawn_at, filed_at)), ['complaint_before_filing'], []),
    if(call IN {unknown:Array(String)}, ['complaint_of_unknown_call'], [])) AS kinds
FROM ({meant})
