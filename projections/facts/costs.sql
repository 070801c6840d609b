-- 成本 · One row a cost, as it was recorded last.
SELECT
    tenant,
    toLowCardinality(argMax(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS cost,
    toLowCardinality(argMax(toString(kind), place)) AS kind,
    coalesce(argMax((amount, 0), place).1, 0)::Decimal(18, 4) AS amount,
    toLowCardinality(argMax(toString(currency), place)) AS currency,
    toLowCardinality(argMax(toString(period), place)) AS period,
    max(occurred_at) AS recorded_at,
    max(offset) AS last_offset
FROM (SELECT *, (occurred_at, event_id) AS place FROM cost_events)
GROUP BY tenant, subject
