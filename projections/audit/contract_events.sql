-- 合同事件 · The events of one contract, each once, in the order in which they were decided.
SELECT payload
FROM contract
WHERE tenant = {tenant:String} AND subject = {contract:String}
ORDER BY topic, partition, offset
LIMIT 1 BY event_id
