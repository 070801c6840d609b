"""Who asks: user and password from a request's headers or its address, and whom they let in."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qsl

from opsledger.domain.errors import UserError
from opsledger.infra.gateway.errors import (
    AUTHENTICATION_FAILED,
    BAD_REQUEST_PARAMETER,
    REQUIRED_PASSWORD,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    refused,
)
from opsledger.infra.gateway.roles import LOCAL, LOCAL_USER, User

MAX_FIELDS = 5_000


class FindsUsers(Protocol):
    """Those who may log in beside the local user. Asked by the loop that serves everybody: it may not take long."""

    def who(self, name: str, secret: str) -> User | None:
        """Whose name and secret these are; None for nobody's."""


class Logins:
    """Lets in the local user by its secret ('' lets nobody in by it), everybody else as ``users`` says.

    The login is checked before a body is read, so it stands in the headers or in the address, not in a form's fields.
    """

    def __init__(self, local_secret: str, users: FindsUsers | None = None) -> None:
        self.local_secret = local_secret
        self._users = users

    def admitted(self, headers: Mapping[str, str], query: str) -> User:
        """Who asks; ``headers`` are named as in a WSGI environment. ServerError for who is not let in."""
        name, secret = credentials(headers, query)
        if name == LOCAL_USER:
            known = self.local_secret.encode()
            if known and secrets.compare_digest(secret.encode(errors="replace"), known):
                return LOCAL
            if not secret:
                raise refused(REQUIRED_PASSWORD, f"{name}: Authentication failed: a password is required")
        elif (user := self._known(name, secret)) is not None:
            return user
        message = "Authentication failed: password is incorrect, or there is no user with such name"
        raise refused(AUTHENTICATION_FAILED, f"{name[:100]}: {message}")

    def _known(self, name: str, secret: str) -> User | None:
        try:
            return self._users.who(name, secret) if self._users is not None else None
        except UserError:  # its words name places, which are not for those whom nobody knows yet
            raise refused(TOO_MANY_SIMULTANEOUS_QUERIES, "Users cannot be looked up at present") from None


def credentials(headers: Mapping[str, str], query: str) -> tuple[str, str]:
    """User and password: from X-ClickHouse-User and -Key, from Authorization, else from the address."""
    if headers.get("HTTP_X_CLICKHOUSE_USER") or headers.get("HTTP_X_CLICKHOUSE_KEY"):
        return headers.get("HTTP_X_CLICKHOUSE_USER", LOCAL_USER), headers.get("HTTP_X_CLICKHOUSE_KEY", "")
    scheme, _, value = headers.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    asked = fields(query)
    return asked.get("user", LOCAL_USER), asked.get("password", "")


def fields(query: str) -> dict[str, str]:
    """The parameters of an address. ServerError for too many."""
    try:
        return dict(parse_qsl(query, keep_blank_values=True, errors="surrogateescape", max_num_fields=MAX_FIELDS))
    except ValueError:
        raise refused(BAD_REQUEST_PARAMETER, f"There are more than {MAX_FIELDS} parameters") from None
