-- 报表提交 · One row a report handed in, by its first submission.
SELECT
    tenant,
    toLowCardinality(argMin(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS submission,
    toLowCardinality(argMin(toString(report), place)) AS report,
    toLowCardinality(argMin(toString(period), place)) AS period,
    min(occurred_at) AS submitted_at,
    max(offset) AS last_offset
FROM (SELECT *, (occurred_at, event_id) AS place FROM report_events)
GROUP BY tenant, subject
