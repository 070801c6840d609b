"""The gateway's roles as statements for a ClickHouse server: what each may do, and which rows who is bound to may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from opsledger.domain.catalogue import STREAMS
from opsledger.domain.errors import UserError
from opsledger.infra.gateway.roles import Role, User
from opsledger.projections.facts.queries import TIMELINES
from opsledger.projections.facts.tables import FACTS
from opsledger.projections.ledger.tables import LEDGER

PREFIX = "opsledger_"
PASSING = ("known_", "facts_staged_")
"""How the names of databases begin that a process makes for itself and drops."""
_ASKED = "asked_events"
"""So the names of the tables begin by which a process asks for events; over the network each has its own."""
_WRITES = "SELECT, INSERT, ALTER, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, TRUNCATE, OPTIMIZE"
_ON_LEDGER = "SELECT, INSERT, CREATE TABLE, ALTER ADD COLUMN, ALTER PROJECTION, ALTER SETTINGS"


class Named(Protocol):
    """A user with the hash of the secret."""

    @property
    def user(self) -> User:
        """Who it is."""
        ...

    @property
    def secret_hash(self) -> bytes:
        """SHA-256 of the secret."""
        ...


def statements(database: str, users: Iterable[Named] = ()) -> tuple[str, ...]:
    """Roles, their grants, and each user with the role and the rows it is bound to. In order; each may be run again.

    UserError for names with which they would say something else.
    """
    if database.startswith(PASSING):
        raise UserError(f"the database '{database}' has the name of a passing one, which the writer drops; name the ledger's")
    found = [f"CREATE ROLE IF NOT EXISTS {_role(role)}" for role in Role]
    found += [*_writer(database), *_reader(database), *_auditor(database), *_open_rows(database)]
    for named in users:
        found += _user(database, named)
    return tuple(found)


def _role(role: Role) -> str:
    return f"{PREFIX}{role}"


def _writer(database: str) -> list[str]:
    """Whatever is not the ledger's may be made, filled, emptied and dropped; of the ledger nothing is ever taken."""
    role = _role(Role.WRITER)
    found = [f"GRANT {_ON_LEDGER} ON {_quoted(database)}.{_quoted(table)} TO {role}" for table in sorted(LEDGER)]
    found += [f"GRANT {_WRITES} ON {_quoted(database)}.{_quoted(name)} TO {role}" for name in (TIMELINES, *_derived())]
    found += [
        f"GRANT {_WRITES} ON {_quoted(database)}.{start}* TO {role}" for start in (_ASKED, *(fact.name for fact in FACTS))
    ]
    found += [f"GRANT {_WRITES}, CREATE DATABASE, DROP DATABASE ON {start}*.* TO {role}" for start in PASSING]
    # what writes begins with CREATE DATABASE IF NOT EXISTS, and looks how many rows there are
    found += [f"GRANT CREATE DATABASE ON {_quoted(database)}.* TO {role}", f"GRANT SELECT ON system.parts TO {role}"]
    return [*found, f"GRANT CREATE TEMPORARY TABLE ON *.* TO {role}"]


def _derived() -> Sequence[str]:
    """The views over the ledger's streams."""
    return tuple(f"{stream}{end}" for stream in STREAMS for end in ("_once", "_events"))


def _reader(database: str) -> list[str]:
    return [f"GRANT SELECT ON {_quoted(database)}.{fact.name} TO {_role(Role.READER)}" for fact in FACTS]


def _auditor(database: str) -> list[str]:
    role = _role(Role.AUDITOR)
    return [f"GRANT SELECT, SHOW ON {_quoted(database)}.* TO {role}", f"GRANT SELECT ON system.query_log TO {role}"]


def _open_rows(database: str) -> list[str]:
    """Once a table has any policy, who is named by none sees no row of it."""
    everybody = ", ".join(_role(role) for role in Role)
    return [_policy(f"{PREFIX}all", database, fact.name, "1", "PERMISSIVE", everybody) for fact in FACTS]


def _user(database: str, named: Named) -> list[str]:
    """The rows stand before the role: at no moment are others seen. A secret or role of before is good no more."""
    user = named.user
    if user.name.startswith(PREFIX):
        raise UserError(f"the user '{user.name}' has the name of a role of the server; add it to the gateway under another")
    name, own = _quoted(user.name), _role(user.role)
    login = f"IDENTIFIED WITH sha256_hash BY '{named.secret_hash.hex()}'"
    found = [f"CREATE USER IF NOT EXISTS {name} {login}"]
    for fact in FACTS if user.is_bound else ():
        rows = [f"{column} = {_text(value)}" for column, value in (("tenant", user.tenant), ("vendor", user.vendor)) if value]
        found.append(_policy(f"{PREFIX}of_{user.name}", database, fact.name, " AND ".join(rows), "RESTRICTIVE", name))
    others = ", ".join(_role(role) for role in Role if role is not user.role)
    settings = "" if user.writes else " SETTINGS readonly = 1"
    return [
        *found,
        f"REVOKE {others} FROM {name}",
        f"GRANT {own} TO {name}",
        f"ALTER USER {name} {login} DEFAULT ROLE {own}{settings}",
    ]


def _policy(name: str, database: str, table: str, condition: str, kind: str, to: str) -> str:
    on = f"{_quoted(database)}.{_quoted(table)}"
    return f"CREATE ROW POLICY OR REPLACE {_quoted(name)} ON {on} FOR SELECT USING {condition} AS {kind} TO {to}"


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
