"""The embedded engine behind ClickHouse's own HTTP interface, so that several processes can use one data directory."""
