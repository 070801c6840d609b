-- Which of some event ids are in the ledger, and whose they are.
SELECT DISTINCT tenant, event_id
FROM merge(currentDatabase(), {tables:String})
WHERE event_id IN {ids:Array(UUID)}
