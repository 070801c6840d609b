"""What is made from the log: ledger tables, facts, metrics, reports, audit."""
