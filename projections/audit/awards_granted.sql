-- 奖励 · Awards granted by a rule of a contract in a month and not revoked, by agent, with their events.
SELECT agent, groupUniqArray(event_id) AS granted
FROM award
WHERE tenant = {tenant:String} AND type = 'award.granted' AND contract = {contract:String} AND rule = {rule:String}
  AND period IN {months:Array(String)}
  AND subject NOT IN (SELECT subject FROM award WHERE tenant = {tenant:String} AND type = 'award.revoked')
GROUP BY agent
ORDER BY agent
