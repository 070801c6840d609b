-- 奖励 · One row an award, from its first granting; revoked_at is when it was first taken back.
SELECT
    tenant,
    toLowCardinality(argMin(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS award,
    toLowCardinality(argMinIf(toString(contract), place, type = 'award.granted')) AS contract,
    toLowCardinality(argMinIf(toString(rule), place, type = 'award.granted')) AS rule,
    toLowCardinality(argMinIf(toString(agent), place, type = 'award.granted')) AS agent,
    coalesce(argMinIf(ledger_amount, place, type = 'award.granted'), 0)::Decimal(18, 4) AS amount,
    toLowCardinality(argMinIf(toString(period), place, type = 'award.granted')) AS period,
    toUInt32(length(argMinIf(evidence_ids, place, type = 'award.granted'))) AS evidence,
    minIfOrNull(occurred_at, type = 'award.granted') AS granted_at,
    minIfOrNull(occurred_at, type = 'award.revoked') AS revoked_at,
    argMaxIf(reason, place, type = 'award.revoked') AS reason,
    max(offset) AS last_offset
FROM
(
    SELECT
        * EXCEPT (amount, evidence),
        amount AS ledger_amount,
        evidence AS evidence_ids,
        -- ties in time: the order of the types in the catalogue, then the event id
        (occurred_at, indexOf(['award.granted', 'award.revoked'], toString(type)), event_id) AS place
    FROM award_events
)
GROUP BY tenant, subject
