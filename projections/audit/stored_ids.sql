-- Which of some event ids are in a tenant's ledger, and the sources that have them.
SELECT event_id, arraySort(groupUniqArray(toString(source))) AS sources
FROM merge(currentDatabase(), {tables:String})
WHERE tenant = {tenant:String} AND event_id IN {ids:Array(UUID)}
GROUP BY event_id
