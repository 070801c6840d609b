-- 合同事件 · The events of one contract, each once, in the order in which they were decided.
SELECT event_id, type, version, occurred_at, payload
FROM contract
WHERE tenant = {tenant:String} AND subject = {contract:String}
ORDER BY topic, partition, offset
LIMIT 1 BY source, event_id
