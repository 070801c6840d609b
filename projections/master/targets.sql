-- What the tenant and each queue were last described to reach, in force before the end of a period; '' is the tenant.
SELECT queue, targets, vendor, hotline
FROM
(
    SELECT
        '' AS queue,
        argMax(toString(targets), (effective_from, occurred_at, event_id)) AS targets,
        '' AS vendor,
        '' AS hotline
    FROM tenant
    WHERE tenant = {tenant:String} AND type = 'tenant.configured' AND effective_from < {stop:DateTime64(6, 'UTC')}
      AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM tenant WHERE tenant = {tenant:String})
    GROUP BY subject
    UNION ALL
    SELECT
        subject AS queue,
        argMax(toString(targets), (effective_from, occurred_at, event_id)) AS targets,
        argMax(if(data_vendor = '', toString(vendor), toString(data_vendor)), (effective_from, occurred_at, event_id)) AS vendor,
        argMax(toString(hotline), (effective_from, occurred_at, event_id)) AS hotline
    FROM queue
    WHERE tenant = {tenant:String} AND type = 'queue.described' AND effective_from < {stop:DateTime64(6, 'UTC')}
      AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM queue WHERE tenant = {tenant:String})
    GROUP BY subject
)
ORDER BY queue
