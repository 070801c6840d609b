"""The shape of a file of schedules, as marshmallow schemas."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields

from opsledger.domain.calendar import Grain
from opsledger.domain.errors import nearest
from opsledger.infra.render import FORMATS
from opsledger.infra.settings import LANGS
from opsledger.ingest.mapping.shapes import Strict, Word, located
from opsledger.projections.reports.catalogue import REPORTS

SPANS = (Grain.DAY.value, Grain.WEEK.value, Grain.MONTH.value)
SINGLE = ("zone", "threshold", "window", "profile", "attribution", "interval", "compare")
SEVERAL = ("vendor", "hotline", "queue", "team", "agent", "only")
"""Parameters of ``report run``: those with one value, those with several."""
MAX_CATCH_UP = 366
PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""How a mail server is spoken to → its usual port."""


class _Number(fields.Field[Any]):
    """A whole number within limits."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        super().__init__(**options)
        self._low, self._high = low, high

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> int:
        if not isinstance(value, str) or not value.isdecimal() or not self._low <= int(value) <= self._high:
            raise ValidationError(f"wants a whole number from {self._low} to {self._high}")
        return int(value)


class _List(fields.Field[Any]):
    """One word or a list of words, each one of some, if any are given."""

    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(**options)
        self._choices = choices

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> tuple[str, ...]:
        items = value if isinstance(value, list) else [value]
        if not items:
            raise ValidationError("wants at least one")
        return tuple(dict.fromkeys(located(n, Word(*self._choices), item) for n, item in enumerate(items)))


class _Parameters(fields.Field[Any]):
    """Parameters of ``report run``, by their names there."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("wants a map of parameters of `report run`, for example {queue: [sales]}")
        for name in value:
            if name not in (*SINGLE, *SEVERAL):
                raise ValidationError({name: [f"unknown parameter '{name}'{nearest(name, (*SINGLE, *SEVERAL))}"]})
        return {name: located(name, _List() if name in SEVERAL else Word(), each) for name, each in value.items()}


class MailSchema(Strict):
    """The mail server."""

    host = Word(required=True)
    port = _Number(1, 65535)
    tls = Word(*PORTS, load_default="starttls")
    user = Word()
    password_env = Word()
    sender = Word(required=True, data_key="from")
    ca_file = Word()


class MailToSchema(Strict):
    """Whom to send to."""

    recipients = _List(required=True)
    subject = Word(load_default="{tenant} {period}")


class ToSchema(Strict):
    """A folder or a mail."""

    folder = Word()
    mail = fields.Nested(MailToSchema())


class RunSchema(Strict):
    """One schedule."""

    name = Word(required=True)
    tenant = Word(required=True)
    reports = _List("all", *REPORTS, required=True)
    span = Word(*SPANS, required=True)
    period = Word("previous", "current", load_default="previous")
    when = Word(required=True)
    zone = Word()
    langs = _List(*LANGS, load_default=("en",))
    formats = _List(*FORMATS, load_default=("html",))
    parameters = _Parameters(load_default=dict)
    catch_up = _Number(1, MAX_CATCH_UP, load_default=7)
    to = fields.Nested(ToSchema(), required=True)


class _Runs(fields.Field[Any]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not value:
            raise ValidationError("wants a list of schedules, each with name:, tenant:, reports:, span:, when: and to:")
        return [located(n, fields.Nested(RunSchema()), item) for n, item in enumerate(value)]


class FileSchema(Strict):
    """A whole file."""

    schedules = Word("1", required=True)
    about = Word()
    mail = fields.Nested(MailSchema())
    runs = _Runs(required=True)
