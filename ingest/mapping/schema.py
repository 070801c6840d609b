"""The shape of a mapping, as marshmallow schemas; what its words refer to is checked when it is compiled."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from typing import Any, ClassVar, cast

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from opsledger.domain.errors import nearest
from opsledger.ingest.mapping.document import Document, MappingError, Path_

ON_CHANGE = ("dead", "keep", "correct")
FORMATS = ("csv", "tsv", "xlsx")
UNITS = ("ms", "s", "min", "h", "d", "h:mm:ss", "mm:ss", "iso")
_MAX_WORD = 8 * 1024


class _Strict(Schema):
    """Refuses a key that it does not know, with the nearest one that it does."""

    class Meta:
        unknown = RAISE

    needs_map: ClassVar[str] = "a map of keys and values"

    @pre_load
    def _known_keys(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, dict):
            raise ValidationError(f"wants {self.needs_map}")
        valid = tuple(str(field.data_key or name) for name, field in self.fields.items())
        wrong = {key: [f"unknown key '{key}'{nearest(key, valid)}"] for key in data if key not in valid}
        if wrong:
            raise ValidationError(wrong)
        return data


class _Word(fields.String):
    """Text as written, not empty."""

    default_error_messages = {  # noqa: RUF012  marshmallow's own interface
        "required": "is missing",
        "null": "is empty",
        "invalid": "wants one text, not a list or a map",
    }

    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(**options)
        self._choices = choices

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        word: str = super()._deserialize(value, attr, data, **options)
        if not word or len(word) > _MAX_WORD:
            raise ValidationError("is empty" if not word else "is too long")
        if self._choices and word not in self._choices:
            raise ValidationError(f"'{word}' is not known{nearest(word, self._choices)}")
        return word


class _Text(fields.String):
    """Text that may be empty; nothing at all counts as empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_none=True, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if value is not None and not isinstance(value, str):
            raise ValidationError("wants one text, not a list or a map")
        return value or ""

    def deserialize(self, value: Any = None, attr: str | None = None, data: Any = None, **options: Any) -> Any:
        """Nothing written is the empty text."""
        return "" if value is None else super().deserialize(value, attr, data, **options)


class _Words(fields.Field[Any]):
    """One text or a list of texts, always given as a tuple."""

    def __init__(self, *, empty: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._item: fields.Field[Any] = _Text() if empty else _Word()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> tuple[str, ...]:
        items = value if isinstance(value, list) else [value]
        if not items or len(items) > 1000:
            raise ValidationError("wants one text or a list of 1 to 1000")
        return tuple(self._item.deserialize(item) for item in items)


class _Columns(fields.Field[Any]):
    """The names of the columns in order, or a map old name → new name."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> tuple[str, ...] | dict[str, str]:
        if isinstance(value, dict):
            return {old: str(_Word().deserialize(new)) for old, new in value.items()}
        words: tuple[str, ...] = _Words().deserialize(value)
        return words


class LocalTimeSchema(_Strict):
    """What to do with local times that happened twice or never."""

    ambiguous = _Word("earlier", "later", "refuse", load_default="refuse")
    nonexistent = _Word("shift", "refuse", load_default="refuse")


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
        return [_at(index, Value(), item) for index, item in enumerate(value)]


def _at(key: str | int, field: fields.Field[Any], value: Any) -> Any:
    try:
        return field.deserialize(value)
    except ValidationError as error:
        raise ValidationError({key: error.messages}) from None


class _ValueMap(fields.Field[Any]):
    """Names to values; a name is checked where it is used."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise ValidationError("wants a map of names and values")
        return {key: _at(key, Value(), item) for key, item in value.items()}


class _WordMap(fields.Field[Any]):
    """Source words to target words; an empty target means missing."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> dict[str, str]:
        if not isinstance(value, dict) or not value:
            raise ValidationError("wants a map of words")
        return {key: _at(key, _Text(), item) for key, item in value.items()}


class _MissingIn(fields.Field[Any]):
    """Column → the texts that mean missing in it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, dict) or not value:
            raise ValidationError("wants a map: column → texts that mean missing")
        return {key: _at(key, _Words(empty=True), item) for key, item in value.items()}


class ConstantForm(_Strict):
    """Text taken as it is, braces included."""

    constant = _Text(required=True)


class ColumnForm(_Strict):
    """A column (or a let), its words translated, cut or read as true and false."""

    column = _Word(required=True)
    map = _WordMap()
    default = _Text()
    ignore_case = fields.Boolean(load_default=False)
    true = _Words(empty=True)
    false = _Words(empty=True)
    cut = fields.Integer(validate=validate.Range(1, _MAX_WORD))
    case = _Word("lower", "upper")


class _Zoned(_Strict):
    zone = _Word()
    local_time = fields.Nested(LocalTimeSchema)


class TimeForm(_Zoned):
    """A whole timestamp in one column."""

    time = _Word(required=True)
    format = _Words()


class DateForm(_Zoned):
    """A date column, with a clock column or at midnight."""

    date = _Word(required=True)
    clock = _Word()
    format = _Words()
    clock_format = _Words()


class ClockForm(_Zoned):
    """A clock time whose day is that of another time: the first one after it, or the one nearest to it."""

    clock = _Word(required=True)
    after = _Word()
    near = _Word()
    clock_format = _Words()


class StartForm(_Strict):
    """A time moved by a duration."""

    start = _Word(required=True)
    plus = Value()
    minus = Value()


class DurationForm(_Strict):
    """A length of time in a column."""

    duration = _Word(required=True)
    unit = _Word(*UNITS, required=True)


class BetweenForm(_Strict):
    """The length of time from one time to another."""

    between = _Words(required=True, validate=validate.Length(2, 2, error="wants two times: [from, to]"))


class SumForm(_Strict):
    """Durations added up, others taken off."""

    sum = _Words(required=True)
    less = _Words()


class NumberForm(_Strict):
    """A number written with a decimal comma, thousands marks, or scaled."""

    number = _Word(required=True)
    decimal = _Word(".", ",", load_default=".")
    thousands = _Text(validate=validate.OneOf(["", ",", ".", " ", "'"]))


class FirstForm(_Strict):
    """The first of several values that is not missing."""

    first = _Values(required=True)


class WhenForm(_Strict):
    """One of two values, by a condition."""

    when = _Word(required=True)
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
    "first": FirstForm,
    "when": WhenForm,
}
"""The forms of value by the key that starts them; ``date`` comes before ``clock``, which it may hold."""


class EventSchema(_Strict):
    """One rule: what event, when, at what time, with what data."""

    type = _Word(required=True)
    when = _Word()
    at = Value(required=True)
    subject = Value()
    key = _Words()
    part = _Word()
    vendor = Value()
    actor = Value()
    on_change = _Word(*ON_CHANGE)
    data = _ValueMap(load_default=dict)


class _Events(fields.Field[Any]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not value:
            raise ValidationError("wants a list of rules, each with type:, at: and data:")
        return [_at(index, fields.Nested(EventSchema()), item) for index, item in enumerate(value)]


class MappingSchema(_Strict):
    """A whole mapping document."""

    mapping = _Word("1", required=True)
    about = _Word()
    format = _Word(*FORMATS, required=True)
    delimiter = _Word()
    quote = _Word('"', "'", "none", load_default='"')
    escape = _Word("\\", "none", load_default="none")
    encoding = _Word(load_default="auto")
    sheet = _Word()
    header = _Word(load_default="1")
    columns = _Columns()
    ragged = _Word("refuse", "pad", load_default="refuse")
    missing = _Words(empty=True, load_default=("",))
    missing_in = _MissingIn(load_default=dict)
    zone = _Word()
    local_time = fields.Nested(LocalTimeSchema, load_default=lambda: {"ambiguous": "refuse", "nonexistent": "refuse"})
    dates = _Words(load_default=("iso",))
    clocks = _Words(load_default=("h:mm:ss",))
    tenant = Value()
    source = _Word()
    vendor = Value()
    id_space = _Word()
    subject = Value(required=True)
    key = _Words(required=True)
    on_change = _Word(*ON_CHANGE, load_default="dead")
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
