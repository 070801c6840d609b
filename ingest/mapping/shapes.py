"""Pieces that a mapping's schemas are made of: words, lists of words, maps of words, each strict about its shape."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load

from opsledger.domain.errors import nearest

MAX_WORD = 8 * 1024
"""The longest text that a mapping may hold in one place."""


class Strict(Schema):
    """Refuses a key that it does not know, with the nearest one that it does."""

    class Meta:
        """Unknown keys are errors."""

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


class Word(fields.String):
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
        if not word or len(word) > MAX_WORD:
            raise ValidationError("is empty" if not word else "is too long")
        if self._choices and word not in self._choices:
            raise ValidationError(f"'{word}' is not known{nearest(word, self._choices)}")
        return word


class Text(fields.String):
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


class Words(fields.Field[Any]):
    """One text or a list of texts, always given as a tuple."""

    def __init__(self, *, empty: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._item: fields.Field[Any] = Text() if empty else Word()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> tuple[str, ...]:
        items = value if isinstance(value, list) else [value]
        if not items or len(items) > 1000:
            raise ValidationError("wants one text or a list of 1 to 1000")
        return tuple(str(self._item.deserialize(item)) for item in items)


class Columns(fields.Field[Any]):
    """The names of the columns in order, or a map old name → new name."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> tuple[str, ...] | dict[str, str]:
        if isinstance(value, dict):
            return {old: str(Word().deserialize(new)) for old, new in value.items()}
        words: tuple[str, ...] = Words().deserialize(value)
        return words


def located(key: str | int, field: fields.Field[Any], value: Any) -> Any:
    """The field's value; an error in it is put under the key."""
    try:
        return field.deserialize(value)
    except ValidationError as error:
        raise ValidationError({key: error.messages}) from None


class WordMap(fields.Field[Any]):
    """Source words to target words; an empty target means missing."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> dict[str, str]:
        if not isinstance(value, dict) or not value:
            raise ValidationError("wants a map of words")
        return {key: located(key, Text(), item) for key, item in value.items()}


class MissingIn(fields.Field[Any]):
    """Column → the texts that mean missing in it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, dict) or not value:
            raise ValidationError("wants a map: column → texts that mean missing")
        return {key: located(key, Words(empty=True), item) for key, item in value.items()}
