"""Events over HTTP: requests parsed, judged in groups, kept in the log, and each event told what became of it."""
