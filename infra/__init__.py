"""Settings, clients, composition root and the command line."""
