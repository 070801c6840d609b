-- 合同 · The contracts that were signed.
SELECT DISTINCT subject
FROM contract
WHERE tenant = {tenant:String} AND type = 'contract.signed'
ORDER BY subject
