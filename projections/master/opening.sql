-- How the tenant was configured, each time with the moment from which it holds, oldest first.
SELECT effective_from, toString(zone), toString(opening_hours), toString(calendar), toInt64(ifNull(seats, 0))
FROM tenant
WHERE tenant = {tenant:String} AND type = 'tenant.configured' AND effective_from < {stop:DateTime64(6, 'UTC')}
  AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM tenant WHERE tenant = {tenant:String})
ORDER BY effective_from, occurred_at, event_id
