-- For each asked row whose identity is in the ledger: whether a stored event of that identity has the same payload.
-- The first condition lets the engine look at ids alone before it reads anything else.
SELECT asked.row AS row, max(ledger.payload_hash = asked.payload_hash) AS same
FROM (
    SELECT tenant, source, event_id, payload_hash
    FROM merge(currentDatabase(), {tables:String})
    WHERE event_id IN (SELECT event_id FROM {asked:Identifier})
) AS ledger
INNER JOIN {asked:Identifier} AS asked
    ON ledger.event_id = asked.event_id AND ledger.tenant = asked.tenant AND ledger.source = asked.source
GROUP BY asked.row
