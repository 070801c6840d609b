"""What the disk refuses becomes a message for the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.projections.ledger.engine_errors import told_to_user


@contextmanager
def on_disk(doing: str) -> Iterator[None]:
    """Any OSError becomes UserError (exit code 4); ``doing`` names what was tried."""
    try:
        with told_to_user(doing):
            yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise UserError(f"{doing}: {error.strerror or error}{where}", EXIT_ENVIRONMENT) from error
