-- Recorded costs of the months that lie wholly in the period, each at its month's beginning in the report's zone.
SELECT
    *,
    fromUnixTimestamp64Micro({month_starts:Array(Int64)}[indexOf({month_names:Array(String)}, toString(period))], 'UTC') AS month_at
FROM costs FINAL
WHERE tenant = {tenant:String} AND has({month_names:Array(String)}, toString(period))
