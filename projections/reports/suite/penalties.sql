-- Penalty by penalty: those assessed in the period, each with how far it has come.
SELECT
    penalty,
    assessed_at,
    vendor,
    contract,
    rule,
    party,
    party_id,
    quantity,
    unit_amount,
    assessed_amount,
    amount,
    currency,
    period,
    state,
    appealed_at,
    decided_at,
    settled_at,
    settled_period,
    reason,
    evidence
FROM penalties FINAL
WHERE tenant = {tenant:String}
  AND assessed_at >= {start:DateTime64(6, 'UTC')}
  AND assessed_at < {stop:DateTime64(6, 'UTC')}
  AND (empty({only_vendor:Array(String)}) OR has({only_vendor:Array(String)}, toString(vendor)))
  AND (empty({only_contract:Array(String)}) OR has({only_contract:Array(String)}, toString(contract)))
  AND (empty({only_rule:Array(String)}) OR has({only_rule:Array(String)}, toString(rule)))
  AND (empty({only_party:Array(String)}) OR has({only_party:Array(String)}, toString(party)))
  AND (empty({only_party_id:Array(String)}) OR has({only_party_id:Array(String)}, toString(party_id)))
  AND (empty({only_currency:Array(String)}) OR has({only_currency:Array(String)}, toString(currency)))
  AND (empty({only_period:Array(String)}) OR has({only_period:Array(String)}, toString(period)))
  AND (empty({only_state:Array(String)}) OR has({only_state:Array(String)}, toString(state)))
ORDER BY assessed_at, penalty
LIMIT {limit:UInt64}
