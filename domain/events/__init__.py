"""Every event type, declared once: one module a stream, one frozen dataclass a type (version 1)."""
