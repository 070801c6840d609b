-- 扣罚 · One row a penalty. What it was for comes from its first assessment. amount is what is to be paid now: the assessed amount until
-- a reduction or a waiver (the later counts). state is what happened last; a penalty that was settled stays so.
SELECT
    tenant,
    toLowCardinality(argMin(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS penalty,
    toLowCardinality(argMinIf(toString(contract), place, type = 'penalty.assessed')) AS contract,
    toLowCardinality(argMinIf(toString(rule), place, type = 'penalty.assessed')) AS rule,
    toLowCardinality(argMinIf(toString(party), place, type = 'penalty.assessed')) AS party,
    toLowCardinality(argMinIf(toString(party_id), place, type = 'penalty.assessed')) AS party_id,
    coalesce(argMinIf(quantity, place, type = 'penalty.assessed'), 0)::Decimal(18, 4) AS quantity,
    coalesce(argMinIf(unit_amount, place, type = 'penalty.assessed'), 0)::Decimal(18, 4) AS unit_amount,
    coalesce(argMinIf(ledger_amount, place, type = 'penalty.assessed'), 0)::Decimal(18, 4) AS assessed_amount,
    multiIf(
        argMaxIf(type, place, type IN ('penalty.reduced', 'penalty.waived')) = 'penalty.waived', toDecimal64(0, 4),
        countIf(type = 'penalty.reduced') > 0, coalesce(argMaxIf(ledger_amount, place, type = 'penalty.reduced'), 0)::Decimal(18, 4),
        assessed_amount) AS amount,
    toLowCardinality(argMinIf(toString(currency), place, type = 'penalty.assessed')) AS currency,
    toLowCardinality(argMinIf(toString(event_period), place, type = 'penalty.assessed')) AS period,
    toUInt32(length(argMinIf(evidence_ids, place, type = 'penalty.assessed'))) AS evidence,
    toLowCardinality(if(settled_at IS NOT NULL, 'settled', replaceOne(argMax(toString(type), place), 'penalty.', ''))) AS state,
    minIfOrNull(occurred_at, type = 'penalty.assessed') AS assessed_at,
    minIfOrNull(occurred_at, type = 'penalty.appealed') AS appealed_at,
    maxIfOrNull(occurred_at, type IN ('penalty.upheld', 'penalty.reduced', 'penalty.waived')) AS decided_at,
    minIfOrNull(occurred_at, type = 'penalty.settled') AS settled_at,
    toLowCardinality(argMinIf(toString(event_period), place, type = 'penalty.settled')) AS settled_period,
    argMaxIf(reason, place, type IN ('penalty.appealed', 'penalty.upheld', 'penalty.reduced', 'penalty.waived')) AS reason,
    max(offset) AS last_offset
FROM
(
    SELECT
        * EXCEPT (amount, evidence, period),
        amount AS ledger_amount,
        evidence AS evidence_ids,
        period AS event_period,
        -- ties in time: the order of the types in the catalogue, then the event id
        (occurred_at, indexOf([
            'penalty.assessed', 'penalty.appealed', 'penalty.upheld', 'penalty.reduced', 'penalty.waived', 'penalty.settled'],
            toString(type)), event_id) AS place
    FROM penalty_events
)
GROUP BY tenant, subject
