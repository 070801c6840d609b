"""The report suite: one definition of each report, a module per group (spec 03)."""
