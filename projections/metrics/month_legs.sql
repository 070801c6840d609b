-- Legs that ended in a month that lies wholly in the period and has recorded costs, each at its month's beginning.
SELECT
    *,
    arrayLastIndex(at -> at <= toUnixTimestamp64Micro(assumeNotNull(ended_at)), {month_starts:Array(Int64)}) AS month,
    fromUnixTimestamp64Micro({month_starts:Array(Int64)}[month], 'UTC') AS month_at
FROM legs FINAL
WHERE tenant = {tenant:String}
  AND ended_at >= {start:DateTime64(6, 'UTC')} AND ended_at < {stop:DateTime64(6, 'UTC')}
  AND ended_at < fromUnixTimestamp64Micro({months_until:Int64}, 'UTC')
  AND month > 0
  AND {month_names:Array(String)}[month] IN (SELECT toString(period) FROM costs FINAL WHERE tenant = {tenant:String})
