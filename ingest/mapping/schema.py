"""The shape of a mapping, as marshmallow schemas; what its words refer to is checked when it is compiled."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate

from opsledger.domain.errors import nearest
from opsledger.ingest.mapping.document import Document, MappingError, Path_
from opsledger.ingest.mapping.shapes import MAX_WORD, Columns, MissingIn, Strict, Text, Word, WordMap, Words, located

ON_CHANGE = ("dead", "keep", "correct")
FORMATS = ("csv", "tsv", "xlsx")
UNITS = ("ms", "s", "min", "h", "d", "h:mm:ss", "mm:ss", "iso")


class LocalTimeSchema(Strict):
    """What to do with local times that happened twice or never."""

    ambiguous = Word("earlier", "later", "refuse", load_default="refuse")
    nonexistent = Word("shift", "refuse", load_default="refuse")


class Value(fields.Field[Any]):
    """A constant, a template with {columns}, or one of the forms of ``FORMS``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        if value is None:
            raise ValidationError("is empty; leave the key out, or write {constant: ''}")
        if isinstance(value, list):
            if value:
                raise ValidationError("wants one value, not a list")
            return value
        if isinstance(value, str):
            return value
        forms = [form for form in FORMS if form in value]
        if not forms:
            word = next(iter(value), "")
            raise ValidationError({word: [f"'{word}' starts no form of value{nearest(word, tuple(FORMS))}"]})
        loaded: dict[str, Any] = FORMS[forms[0]]().load(value)
        return {"form": forms[0], **loaded}


class _Values(fields.Field[Any]):
    """A list of values, at least one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise ValidationError("wants a list of values")
        return [located(index, Value(), item) for index, item in enumerate(value)]


class _ValueMap(fields.Field[Any]):
    """Names to values; a name is checked where it is used."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise ValidationError("wants a map of names and values")
        return {key: located(key, Value(), item) for key, item in value.items()}


class ConstantForm(Strict):
    """Text taken as it is, braces included."""

    constant = Text(required=True)


class ColumnForm(Strict):
    """A column (or a let), its words translated, cut or read as true and false."""

    column = Word(required=True)
    map = WordMap()
    default = Text()
    ignore_case = fields.Boolean(load_default=False)
    true = Words(empty=True)
    false = Words(empty=True)
    cut = fields.Integer(validate=validate.Range(1, MAX_WORD))
    case = Word("lower", "upper")


class _Zoned(Strict):
    zone = Word()
    local_time = fields.Nested(LocalTimeSchema)


class TimeForm(_Zoned):
    """A whole timestamp in one column."""

    time = Word(required=True)
    format = Words()


class DateForm(_Zoned):
    """A date column, with a clock column or at midnight."""

    date = Word(required=True)
    clock = Word()
    format = Words()
    clock_format = Words()


class ClockForm(_Zoned):
    """A clock time whose day is that of another time: the first one after it, or the one nearest to it."""

    clock = Word(required=True)
    after = Word()
    near = Word()
    clock_format = Words()


class StartForm(Strict):
    """A time moved by a duration."""

    start = Word(required=True)
    plus = Value()
    minus = Value()


class DurationForm(Strict):
    """A length of time in a column."""

    duration = Word(required=True)
    unit = Word(*UNITS, required=True)


class BetweenForm(Strict):
    """The length of time from one time to another."""

    between = Words(required=True, validate=validate.Length(2, 2, error="wants two times: [from, to]"))


class SumForm(Strict):
    """Durations added up, others taken off."""

    sum = Words(required=True)
    less = Words()


class NumberForm(Strict):
    """A number written with a decimal comma, thousands marks, or scaled."""

    number = Word(required=True)
    decimal = Word(".", ",", load_default=".")
    thousands = Text(validate=validate.OneOf(["", ",", ".", " ", "'"]))


class DocumentForm(Strict):
    """An object of names and values (a queue's targets); names whose value is missing are left out."""

    document = _ValueMap(required=True, validate=validate.Length(1, 200))


class FirstForm(Strict):
    """The first of several values that is not missing."""

    first = _Values(required=True)


class WhenForm(Strict):
    """One of two values, by a condition."""

    when = Word(required=True)
    then = Value(required=True)
    otherwise = Value(data_key="else")


FORMS: AnyMapping[str, type[Schema]] = {
    "constant": ConstantForm,
    "column": ColumnForm,
    "time": TimeForm,
    "date": DateForm,
    "clock": ClockForm,
    "start": StartForm,
    "duration": DurationForm,
    "between": BetweenForm,
    "sum": SumForm,
    "number": NumberForm,
    "document": DocumentForm,
    "first": FirstForm,
    "when": WhenForm,
}
"""The forms of value by the key that starts them; ``date`` comes before ``clock``, which it may hold."""


class EventSchema(Strict):
    """One rule: what event, when, at what time, with what data."""

    type = Word(required=True)
    when = Word()
    at = Value(required=True)
    subject = Value()
    key = Words()
    part = Word()
    vendor = Value()
    actor = Value()
    on_change = Word(*ON_CHANGE)
    data = _ValueMap(load_default=dict)


class _Events(fields.Field[Any]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not value:
            raise ValidationError("wants a list of rules, each with type:, at: and data:")
        return [located(index, fields.Nested(EventSchema()), item) for index, item in enumerate(value)]


class MappingSchema(Strict):
    """A whole mapping document."""

    mapping = Word("1", required=True)
    about = Word()
    format = Word(*FORMATS, required=True)
    delimiter = Word()
    quote = Word('"', "'", "none", load_default='"')
    escape = Word("\\", "none", load_default="none")
    encoding = Word(load_default="auto")
    sheet = Word()
    header = Word(load_default="1")
    columns = Columns()
    ragged = Word("refuse", "pad", load_default="refuse")
    missing = Words(empty=True, load_default=("",))
    missing_in = MissingIn(load_default=dict)
    zone = Word()
    local_time = fields.Nested(LocalTimeSchema, load_default=lambda: {"ambiguous": "refuse", "nonexistent": "refuse"})
    dates = Words(load_default=("iso",))
    clocks = Words(load_default=("h:mm:ss",))
    tenant = Value()
    source = Word()
    vendor = Value()
    id_space = Word()
    subject = Value(required=True)
    key = Words(required=True)
    on_change = Word(*ON_CHANGE, load_default="dead")
    let = _ValueMap(load_default=dict)
    events = _Events(required=True)


def load_shape(document: Document) -> dict[str, Any]:
    """The mapping's content in its declared shape. MappingError at the first thing that is out of shape."""
    try:
        shape: dict[str, Any] = MappingSchema().load(cast("dict[str, Any]", document.data))
    except ValidationError as error:
        raise _first(error.messages) from None
    return shape


def _first(messages: Any, path: Path_ = ()) -> MappingError:
    if isinstance(messages, dict) and messages:
        key, inner = next(iter(messages.items()))
        return _first(inner, path if key == "_schema" else (*path, key))
    text = str(messages[0] if isinstance(messages, list) else messages)
    return MappingError(path, {"Missing data for required field.": "is missing"}.get(text, text))
