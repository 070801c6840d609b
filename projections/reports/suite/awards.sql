-- Award by award: those granted in the period. Nothing is shown where penalties are narrowed by what awards do not have.
SELECT
    award,
    granted_at,
    contract,
    rule,
    agent,
    amount,
    period,
    revoked_at,
    reason,
    evidence
FROM awards FINAL
WHERE tenant = {tenant:String}
  AND granted_at >= {start:DateTime64(6, 'UTC')}
  AND granted_at < {stop:DateTime64(6, 'UTC')}
  AND (empty({only_vendor:Array(String)}) OR has({only_vendor:Array(String)}, toString(vendor)))
  AND (empty({only_contract:Array(String)}) OR has({only_contract:Array(String)}, toString(contract)))
  AND (empty({only_rule:Array(String)}) OR has({only_rule:Array(String)}, toString(rule)))
  AND (empty({only_period:Array(String)}) OR has({only_period:Array(String)}, toString(period)))
  AND empty({only_party:Array(String)})
  AND empty({only_party_id:Array(String)})
  AND empty({only_currency:Array(String)})
  AND empty({only_state:Array(String)})
ORDER BY granted_at, award
LIMIT {limit:UInt64}
