-- What agents and queues are called at the end of a period: the last name that was in force before it, by kind and id.
SELECT 'agent' AS kind, subject AS id, argMax(name, place) AS name, argMax(staff_number, place) AS number
FROM
(
    SELECT subject, toString(name) AS name, toString(staff_number) AS staff_number, (occurred_at, event_id) AS place
    FROM staff
    WHERE tenant = {tenant:String} AND type = 'staff.joined' AND occurred_at < {stop:DateTime64(6, 'UTC')}
      AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM staff WHERE tenant = {tenant:String})
)
GROUP BY subject
UNION ALL
SELECT 'queue' AS kind, subject AS id, argMax(name, place) AS name, '' AS number
FROM
(
    SELECT subject, toString(name) AS name, (effective_from, occurred_at, event_id) AS place
    FROM queue
    WHERE tenant = {tenant:String} AND type = 'queue.described' AND effective_from < {stop:DateTime64(6, 'UTC')}
      AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM queue WHERE tenant = {tenant:String})
)
GROUP BY subject
ORDER BY kind, id
