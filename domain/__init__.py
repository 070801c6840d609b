"""Events, aggregates, terms and statements: no I/O, no clock, no SQL."""
