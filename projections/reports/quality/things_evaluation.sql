-- The evaluations of a period: whether they were never sampled, scored before, name an unknown call.
-- In the place of `meant` stands meant_evaluation.sql; `unknown` are calls that they name and the ledger does not have.
SELECT 'evaluation' AS base, evaluation AS subject, arrayConcat(
    if(sampled_at IS NULL, ['evaluation_without_sample'], []),
    if(sampled_at > least(ifNull(scored_at, sampled_at), ifNull(approved_at, sampled_at), ifNull(disputed_at, sampled_at)), ['evaluation_before_sample'], []),
    if(call IN {unknown:Array(String)}, ['evaluation_of_unknown_call'], [])) AS kinds
FROM ({meant})
