"""The border: raw bytes become a wire event, or a refusal that says what is wrong, where, and what would be right."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import msgspec
from marshmallow import ValidationError

from opsledger.domain.catalogue import TYPES, fields_of
from opsledger.domain.clock import Clock
from opsledger.domain.errors import nearest
from opsledger.domain.fields import EARLIEST_YEAR, MAX_EVENT_BYTES, MAX_FUTURE_S, FieldSpec, Kind
from opsledger.domain.upcast import UPCASTERS, Upcaster, upcast
from opsledger.ingest.border.fast import COLUMN_EARLIEST, COLUMN_LATEST, MAX_NESTING, brackets, check_of, is_plain
from opsledger.ingest.border.schemas import UNKNOWN_NAME, envelope_schema, schema_of_type
from opsledger.ingest.border.values import NO_OFFSET, shown
from opsledger.ingest.border.wire import DECODER, OBJECTS, STRUCTS, WireEvent, data_struct, item_struct, schema_name
from opsledger.ingest.chunk import Reason

EARLIEST = datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC)
"""The earliest time that an event may have."""
_SCHEMA = re.compile(r"urn:opsledger:([a-z_]+\.[a-z_]+):([1-9]\d{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record is not an event: a code of ``Reason`` and a sentence for people."""

    reason: Reason
    detail: str


class Refused(Exception):  # noqa: N818  a verdict, not an error
    """Carries a refusal out of the judge's steps."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(reason, detail)


class Border:
    """Decides what may come in. ``decisions=True`` is for the relay alone: elsewhere only commands decide."""

    def __init__(
        self,
        clock: Clock,
        *,
        decisions: bool = False,
        upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
    ) -> None:
        self._clock = clock
        self.decisions = decisions
        self._upcasters = upcasters
        self._checks = {STRUCTS[t]: check for t in TYPES if (check := check_of(t, decisions=decisions))}
        self._latest = EARLIEST

    def take(self, raw: bytes) -> WireEvent | Refusal:
        """The wire event (a struct of ``wire.STRUCTS``) of one JSON object, or a Refusal."""
        event = self._fast(raw)
        return self.judge(raw) if event is None else event

    def judge(self, raw: bytes) -> WireEvent | Refusal:
        """As ``take``, by the full rules alone: some 20 times slower, and it knows what is wrong."""
        try:
            return self._judged(raw)
        except Refused as refused:
            return refused.refusal

    def latest(self) -> datetime:
        """The latest time that an event may have now (UTC)."""
        return self._clock.now() + timedelta(seconds=MAX_FUTURE_S)

    def _fast(self, raw: bytes) -> WireEvent | None:
        """The event if it is plainly right; None if the judge has to look."""
        if not is_plain(raw):
            return None
        try:
            event: WireEvent = DECODER.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        check = self._checks.get(type(event))
        if event.dataschema or (check is not None and not check(event)):
            return None
        return event if self._in_time(event.time) else None

    def _in_time(self, time: datetime) -> bool:
        """The last known limit is asked first: it only ever moves on."""
        if time > self._latest:
            self._latest = self.latest()
        return EARLIEST <= time <= self._latest

    def _judged(self, raw: bytes) -> WireEvent:
        if len(raw) > MAX_EVENT_BYTES:
            raise Refused(Reason.TOO_LARGE, f"the record has {len(raw)} bytes, at most {MAX_EVENT_BYTES} are allowed")
        record = _json_object(raw)
        type_ = self._type_of(record)
        version = _version_of(record, type_)
        envelope = _load(envelope_schema(), _without_nulls(record), "")
        if not EARLIEST <= envelope["time"] <= self.latest():
            raise Refused(Reason.OUT_OF_TIME, self._out_of_time(envelope["time"]))
        data = self._data_of(record, type_, version)
        return _wire(type_, envelope, data)

    def _type_of(self, record: dict[str, Any]) -> str:
        type_ = record.get("type")
        if not isinstance(type_, str):
            raise Refused(Reason.UNKNOWN_TYPE, "type: is missing, or is not text")
        if type_ not in TYPES:
            raise Refused(Reason.UNKNOWN_TYPE, f"type: '{shown(type_)}' is not known{_nearest_type(type_)}")
        if TYPES[type_].DECISION and not self.decisions:
            raise Refused(Reason.DECISION, f"type: {type_} is a decision; it is made here by a command, not imported")
        return type_

    def _out_of_time(self, time: datetime) -> str:
        if time < EARLIEST:
            return f"time: {time.isoformat()} is before {EARLIEST_YEAR}"
        return f"time: {time.isoformat()} is more than 5 minutes after the ledger's clock ({self._clock.now().isoformat()})"

    def _data_of(self, record: dict[str, Any], type_: str, version: int) -> dict[str, Any]:
        data = record.get("data")
        data = {} if data is None else data
        newest = TYPES[type_].VERSION
        if version < newest and isinstance(data, dict):
            data = self._upcast(type_, data, version, newest)
        loaded = _load(schema_of_type(type_), data, "data.")
        _check_times(fields_of(type_), loaded)
        return loaded

    def _upcast(self, type_: str, data: dict[str, Any], version: int, newest: int) -> dict[str, Any]:
        if any((type_, step) not in self._upcasters for step in range(version, newest)):
            raise Refused(Reason.UNKNOWN_VERSION, f"dataschema: version {version} of {type_} can no longer be read")
        try:
            return upcast(type_, data, version, newest, self._upcasters)
        except (KeyError, TypeError, ValueError, AttributeError) as error:  # old data that its own version would not allow
            raise Refused(Reason.INVALID, f"data: is not version {version} of {type_}: {error!r}") from None


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        record = _JSON.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise Refused(Reason.NOT_JSON, f"byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise Refused(Reason.INVALID, f"is nested more than {MAX_NESTING} levels deep") from None
    except ValueError as error:
        raise Refused(Reason.NOT_JSON, f"is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise Refused(Reason.NOT_JSON, "is JSON, but not an object {…}")
    if brackets(raw) > MAX_NESTING and _depth(record) > MAX_NESTING:
        raise Refused(Reason.INVALID, f"is nested more than {MAX_NESTING} levels deep")
    return record


def _whole(digits: str) -> int | Decimal:
    """Numbers of hundreds of digits are left as decimals: to make ints of them costs quadratic time."""
    return int(digits) if len(digits) < 100 else Decimal(digits)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


_JSON = json.JSONDecoder(parse_float=Decimal, parse_int=_whole, parse_constant=_no_constant)


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        level = [i for v in level for i in (v.values() if isinstance(v, dict) else v) if isinstance(i, (dict, list))]
    return depth


def _nearest_type(type_: str) -> str:
    stream = type_.partition(".")[0] + "."
    return nearest(type_, [t for t in TYPES if t.startswith(stream)] or list(TYPES))


def _without_nulls(record: dict[str, Any]) -> dict[str, Any]:
    """CloudEvents: an attribute that is null is one that is not there."""
    return {name: value for name, value in record.items() if value is not None}


def _version_of(record: dict[str, Any], type_: str) -> int:
    schema = record.get("dataschema")
    if schema is None or schema == "":
        return 1
    found = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    newest = TYPES[type_].VERSION
    if found is None or found[1] != type_ or int(found[2]) > newest:
        raise Refused(
            Reason.UNKNOWN_VERSION,
            f"dataschema: '{shown(schema)}' is not known; valid: urn:opsledger:{type_}:1"
            + (f" to :{newest}" if newest > 1 else ""),
        )
    return int(found[2])


def _load(schema: Any, value: Any, place: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(value)
    except ValidationError as error:
        name, message = _first(error.messages)
        at = f"{place}{name}".removesuffix(".") if name else place.removesuffix(".")
        reason = Reason.NO_OFFSET if message.startswith(NO_OFFSET) else Reason.INVALID
        raise Refused(reason, f"{at}: {message}") from None
    return loaded


def _first(messages: Any) -> tuple[str, str]:
    """The complaint of marshmallow's tree that helps most, with its dotted place: a misspelt name, else the first."""
    if isinstance(messages, dict):
        unknown = (item for item in messages.items() if str(item[1])[2:].startswith(UNKNOWN_NAME))
        name, inner = next(unknown, next(iter(messages.items())))
        below, message = _first(inner)
        return ".".join(part for part in ("" if name == "_schema" else str(name), below) if part), message
    return ("", str(messages[0])) if isinstance(messages, list) else ("", str(messages))


def _check_times(specs: tuple[FieldSpec, ...], data: dict[str, Any]) -> None:
    for spec in specs:
        value = data.get(spec.name)
        if spec.rule.kind is Kind.TIME and value is not None and not COLUMN_EARLIEST <= value < COLUMN_LATEST:
            raise Refused(Reason.OUT_OF_TIME, f"data.{spec.name}: {value.isoformat()} is outside 1900 to 2200")


def _wire(type_: str, envelope: dict[str, Any], data: dict[str, Any]) -> WireEvent:
    """The struct that the fast decoder would give; ``dataschema`` is that of the data as it is now, upcast."""
    for spec in fields_of(type_):
        if spec.item is not None and data[spec.name] is not None:
            data[spec.name] = tuple(item_struct(spec.item, OBJECTS)(**item) for item in data[spec.name])
    event: WireEvent = STRUCTS[type_](**envelope, data=data_struct(type_, OBJECTS)(**data), dataschema=schema_name(type_))
    return event
