"""The checks of the data quality report: what is looked for, found how, and what it means."""
