"""The ledger tables and the local log, which is the ledger tables."""
