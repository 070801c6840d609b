-- The calls that things of a period name (`named`) and that the facts of about the period do not have. What facts were made of is in
-- the ledger, and they are quicker to ask than it is: it is asked about the rest.
SELECT DISTINCT call
FROM ({named})
WHERE call NOT IN
(
    SELECT call
    FROM calls
    WHERE tenant = {tenant:String} AND call IN (SELECT call FROM ({named}))
        AND first_day >= toDate({start:DateTime64(6, 'UTC')}) - 1 AND first_day <= toDate({stop:DateTime64(6, 'UTC')}) + 1
)
