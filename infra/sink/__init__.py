"""The sink: from the log on Kafka into the ledger, each record once; its steps, its errors, what it tells of itself."""
