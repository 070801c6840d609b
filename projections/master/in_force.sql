-- What was last said of the tenant, its queues and its people and was in force at a moment: the whole event of each.
SELECT kind, id, argMax(type, place) AS type, argMax(payload, place) AS payload, max(since) AS since
FROM
(
    SELECT 'tenant' AS kind, subject AS id, toString(type) AS type, toString(payload) AS payload, effective_from AS since,
        (effective_from, occurred_at, event_id) AS place
    FROM tenant
    WHERE tenant = {tenant:String} AND effective_from <= {at:DateTime64(6, 'UTC')}
      AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM tenant WHERE tenant = {tenant:String})
    UNION ALL
    SELECT 'queue', subject, toString(type), toString(payload), assumeNotNull(effective_from),
        (assumeNotNull(effective_from), occurred_at, event_id)
    FROM queue
    WHERE tenant = {tenant:String} AND type = 'queue.described' AND effective_from <= {at:DateTime64(6, 'UTC')}
      AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM queue WHERE tenant = {tenant:String})
)
GROUP BY kind, id
ORDER BY kind DESC, id
