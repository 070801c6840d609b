-- The decisions of one stream that a reader of the ledger counts, with the tenant of each and the bytes that the log has.
SELECT tenant, event_id, payload
FROM {view:Identifier}
WHERE source = {source:String}
