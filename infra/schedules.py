"""Schedules as people write them: a small YAML, checked with the line of every mistake."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any, cast

from marshmallow import ValidationError

from opsledger.domain.calendar import Grain, zone_of
from opsledger.domain.errors import UserError
from opsledger.infra.cli.report_options import NARROWED_BY
from opsledger.infra.mail import Server, unfit
from opsledger.infra.schedule_shape import PORTS, FileSchema
from opsledger.infra.schedule_times import cron_of
from opsledger.ingest.mapping.document import MappingError, Plain, read_document
from opsledger.projections.metrics.model import Lang
from opsledger.projections.reports.catalogue import REPORTS

PLACES = ("name", "tenant", "span", "period", "due")
"""What a folder's pattern or a subject may name in braces."""
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")
"""As mail servers take them without further agreement: no quotes, comments or lists; other letters only as ``xn--…``."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class MailTo:
    """Whom a schedule's reports are sent to."""

    recipients: tuple[str, ...]
    subject: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which reports, for which span, when (``cron``, by the clock of ``zone``, '' = the tenant's), and where to.

    ``reports`` is empty where all are meant. Exactly one of ``folder`` and ``mail`` is set.
    """

    name: str
    tenant: str
    reports: tuple[str, ...]
    span: Grain
    current: bool
    when: str
    cron: str
    zone: str
    langs: tuple[Lang, ...]
    formats: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    catch_up: int = 7
    folder: str = ""
    mail: MailTo | None = None


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server of a file of schedules; ``password_env`` names the variable that holds the password."""

    host: str
    port: int
    sender: str
    tls: str
    user: str = ""
    password_env: str = ""
    ca_file: Path | None = None

    def server(self, environ: Mapping[str, str]) -> Server:
        """The server with its password. UserError where the environment does not have it."""
        password = environ.get(self.password_env, "") if self.password_env else ""
        if self.user and not password:
            raise UserError(f"the password of '{self.user}' is not in the environment: set {self.password_env}")
        return Server(self.host, self.port, self.sender, self.tls, self.user, password, self.ca_file)


@dataclass(frozen=True, slots=True)
class Schedules:
    """A file of schedules."""

    path: Path
    runs: tuple[Schedule, ...]
    mail: MailSettings | None = None


def read_schedules(path: Path) -> Schedules:
    """The schedules of a file. UserError with file and line for the first thing that is wrong."""
    document = read_document(path, "schedule")
    try:
        _check_texts(document.data)
        shape = cast("dict[str, Any]", FileSchema().load(cast("dict[str, Any]", document.data)))
        mail = _mail(shape["mail"], path) if "mail" in shape else None
        runs = tuple(_schedule(n, each, mail is not None) for n, each in enumerate(shape["runs"]))
        _check_names(runs)
    except ValidationError as error:
        raise document.user_error(_first(error.messages)) from None
    except MappingError as error:
        raise document.user_error(error) from None
    return Schedules(path.absolute(), runs, mail)


def _check_texts(data: Plain, path: tuple[str | int, ...] = ()) -> None:
    """Every text of the file, but what it says about itself, goes into a mail's head, a file's name or a line that is told."""
    if isinstance(data, str) and path != ("about",):
        why = unfit(data)
        if why:
            raise MappingError(path, why)
    elif isinstance(data, list):
        for n, each in enumerate(data):
            _check_texts(each, (*path, n))
    elif isinstance(data, dict):
        for key, each in data.items():
            _check_texts(each, (*path, key))


def _first(messages: Any, path: tuple[str | int, ...] = ()) -> MappingError:
    """The first of a schema's messages, with the keys that lead to it."""
    while isinstance(messages, dict):
        key, messages = next(iter(messages.items()))
        path = (*path, key) if key != "_schema" else path
    return MappingError(
        path, str(messages[0] if isinstance(messages, Sequence) and not isinstance(messages, str) else messages)
    )


def _mail(given: Mapping[str, Any], path: Path) -> MailSettings:
    user, variable = given.get("user", ""), given.get("password_env", "")
    if bool(user) != bool(variable):
        raise MappingError(("mail",), "user: and password_env: (the environment variable with its password) go together")
    if variable and not _VARIABLE.fullmatch(variable):
        raise MappingError(("mail", "password_env"), "names an environment variable; the password itself never stands here")
    if user and given["tls"] == "none":
        raise MappingError(("mail", "tls"), "a password does not go over a line in the clear; use starttls or tls")
    if not _ADDRESS.fullmatch(given["sender"]):
        raise MappingError(("mail", "from"), f"'{given['sender']}' is not a mail address")
    ca_file = path.absolute().parent / given["ca_file"] if "ca_file" in given else None
    return MailSettings(
        given["host"], given.get("port", PORTS[given["tls"]]), given["sender"], given["tls"], user, variable, ca_file
    )


def _schedule(n: int, given: Mapping[str, Any], has_mail: bool) -> Schedule:
    here = ("runs", n)
    to = given["to"]
    if len(to) != 1:
        raise MappingError((*here, "to"), "wants either folder: or mail: (for both, write two schedules)")
    if "mail" in to and not has_mail:
        raise MappingError((*here, "to", "mail"), "needs the mail server: mail: {host: …, from: …} at the top of the file")
    if not _NAME.fullmatch(given["name"]):
        raise MappingError((*here, "name"), "letters, digits, dots, dashes and underscores, at most 64")
    span, reports = Grain(given["span"]), _reports(here, given)
    mail = _mail_to(here, to["mail"]) if "mail" in to else None
    _check_pattern((*here, "to"), "folder", to.get("folder", ""))
    return Schedule(
        name=given["name"],
        tenant=given["tenant"],
        reports=reports,
        span=span,
        current=given["period"] == "current",
        when=given["when"],
        cron=_told((*here, "when"), cron_of, given["when"]),
        zone=_told((*here, "zone"), zone_of, given["zone"]).key if "zone" in given else "",
        langs=given["langs"],
        formats=given["formats"],
        parameters=given["parameters"],
        catch_up=given["catch_up"],
        folder=to.get("folder", ""),
        mail=mail,
    )


def _told(path: tuple[str | int, ...], read: Any, text: str) -> Any:
    try:
        return read(text)
    except UserError as error:
        raise MappingError(path, str(error)) from None


def _reports(here: tuple[str | int, ...], given: Mapping[str, Any]) -> tuple[str, ...]:
    if "all" in given["reports"]:
        if len(given["reports"]) > 1:
            raise MappingError((*here, "reports"), "all are all; name no others beside it")
        return ()
    for n, code in enumerate(given["reports"]):
        report = REPORTS[code]
        if Grain(given["span"]) not in report.grains:
            raise MappingError((*here, "reports", n), f"{code} is not made for a {given['span']}: {', '.join(report.grains)}")
        for name in given["parameters"]:
            if name in NARROWED_BY and name not in report.filters:
                valid = ", ".join(report.filters) or "nothing"
                raise MappingError((*here, "parameters", name), f"{code} cannot be narrowed by {name}; valid: {valid}")
    return tuple(given["reports"])


def _mail_to(here: tuple[str | int, ...], given: Mapping[str, Any]) -> MailTo:
    for n, recipient in enumerate(given["recipients"]):
        if not _ADDRESS.fullmatch(recipient):
            raise MappingError((*here, "to", "mail", "recipients", n), f"'{recipient}' is not a mail address")
    _check_pattern((*here, "to", "mail"), "subject", given["subject"])
    return MailTo(given["recipients"], given["subject"])


def _check_pattern(path: tuple[str | int, ...], key: str, pattern: str) -> None:
    try:
        wrong = [
            name
            for _, name, spec, how in Formatter().parse(pattern)
            if name is not None and (name not in PLACES or spec or how)
        ]
    except ValueError:
        wrong = [pattern]
    if wrong:
        valid = ", ".join(f"{{{place}}}" for place in PLACES)
        raise MappingError((*path, key), f"'{pattern}' is not a pattern; it may name {valid}") from None


def _check_names(runs: Sequence[Schedule]) -> None:
    seen: dict[str, int] = {}
    for n, each in enumerate(runs):
        if each.name in seen:
            raise MappingError(("runs", n, "name"), f"'{each.name}' stands twice; a name is what a run is known by")
        seen[each.name] = n
