"""The HTTP ingest as a server: keys, the application, its limits against slow and many clients, metrics."""
