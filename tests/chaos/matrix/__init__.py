"""The fault matrix: who is hurt, how and when, on three real brokers; one judge of the log against the ledger."""
