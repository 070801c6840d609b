"""The mapping language: how a table of a maker's own format becomes events, as a YAML document checked before a row is read."""
