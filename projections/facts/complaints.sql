-- 投诉 · One row a complaint. What it is comes from the first filing, its judgement from the latest adjudication, which may name
-- another agent; where it is from what happened last.
SELECT
    tenant,
    toLowCardinality(argMin(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS complaint,
    toLowCardinality(argMinIf(toString(channel), place, type = 'complaint.filed')) AS channel,
    toLowCardinality(argMinIf(toString(business), place, type = 'complaint.filed')) AS business,
    argMinIf(content, place, type = 'complaint.filed') AS content,
    argMinIf(toString(customer), place, type = 'complaint.filed') AS customer,
    toLowCardinality(if(
        countIf(type = 'complaint.adjudicated' AND agent != '') > 0,
        argMaxIf(toString(agent), place, type = 'complaint.adjudicated' AND agent != ''),
        argMinIf(toString(agent), place, type = 'complaint.filed'))) AS agent,
    toLowCardinality(argMinIf(toString(department), place, type = 'complaint.filed')) AS department,
    argMinIf(toString(call), place, type = 'complaint.filed') AS call,
    coalesce(argMinIf(internal, place, type = 'complaint.filed'), false)::Bool AS internal,
    minIfOrNull(occurred_at, type = 'complaint.filed') AS filed_at,
    minIfOrNull(occurred_at, type = 'complaint.investigated') AS investigated_at,
    maxIfOrNull(occurred_at, type = 'complaint.adjudicated') AS adjudicated_at,
    argMaxIf(liable, place, type = 'complaint.adjudicated') AS liable,
    toLowCardinality(argMaxIf(toString(severity), place, type = 'complaint.adjudicated')) AS severity,
    if(argMaxIf(type, place, type IN ('complaint.resolved', 'complaint.reopened')) = 'complaint.resolved', maxIfOrNull(occurred_at, type = 'complaint.resolved'), NULL) AS resolved_at,
    toLowCardinality(argMaxIf(toString(outcome), place, type = 'complaint.resolved')) AS outcome,
    argMaxIf((satisfied, 0), place, type = 'complaint.resolved').1 AS satisfied,
    toUInt16(uniqExactIf(event_id, type = 'complaint.reopened')) AS reopens,
    minIfOrNull(occurred_at, type = 'complaint.withdrawn') AS withdrawn_at,
    toLowCardinality(replaceOne(argMax(toString(type), place), 'complaint.', '')) AS state,
    max(offset) AS last_offset
FROM
(
    SELECT
        *,
        -- ties in time: the order of the types in the catalogue, then the event id
        (occurred_at, indexOf([
            'complaint.filed', 'complaint.investigated', 'complaint.adjudicated', 'complaint.resolved', 'complaint.reopened',
            'complaint.withdrawn'], toString(type)), event_id) AS place
    FROM complaint_events
)
GROUP BY tenant, subject
