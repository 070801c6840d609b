-- 合同事件 · The events of one contract, each once, in the order in which they were decided.
SELECT payload
FROM contract_once
WHERE tenant = {tenant:String} AND subject = {contract:String} AND offset < {before:UInt64}
ORDER BY topic, partition, offset
