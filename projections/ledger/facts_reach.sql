-- How far the ledger went when the facts were last made: 'stream/partition' -> next offset.
SELECT positions
FROM facts_journal
ORDER BY seq DESC
LIMIT 1
