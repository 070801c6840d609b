-- The working calendar and the opening hours in force at the end of a period.
SELECT argMax(calendar, (effective_from, offset)) AS calendar, argMax(opening_hours, (effective_from, offset)) AS opening_hours
FROM tenant
WHERE tenant = {tenant:String} AND type = 'tenant.configured' AND effective_from < {stop:DateTime64(6, 'UTC')}
