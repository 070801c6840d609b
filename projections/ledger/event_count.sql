-- Rows of the ledger tables, copies counted.
SELECT sum(total_rows)
FROM system.tables
WHERE database = currentDatabase() AND match(name, {tables:String})
