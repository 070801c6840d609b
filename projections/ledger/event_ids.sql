-- The ids of one ledger table.
SELECT event_id
FROM {stream:Identifier}
