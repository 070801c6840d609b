"""The declarations are whole: what is derived from them can rely on it."""

import re
from dataclasses import dataclass
from typing import ClassVar

import pytest

from opsledger.domain.catalogue import DECLARED, STREAMS, TYPES, column_name, columns_of, fields_of
from opsledger.domain.fields import Name, specs_of


def test_every_type_is_declared_once_with_a_chinese_term_and_a_docstring() -> None:
    assert len(TYPES) == len(DECLARED)
    for declaration in DECLARED:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", declaration.TYPE)
        assert re.search(r"[一-鿿]", declaration.ZH), declaration.TYPE
        assert declaration.__doc__
        assert not declaration.__doc__.startswith(declaration.__name__), "a real sentence, not the generated one"


def test_decisions_are_the_types_that_the_domain_says() -> None:
    decisions = {d.TYPE for d in DECLARED if d.DECISION}
    assert {t.partition(".")[0] for t in decisions} == {"contract", "complaint", "penalty", "award", "evaluation", "period"}
    assert {"complaint.adjudicated", "evaluation.approved"} <= decisions
    assert "complaint.filed" not in decisions


@pytest.mark.parametrize("stream", STREAMS)
def test_a_streams_columns_hold_all_its_types_without_a_clash(stream: str) -> None:
    names = [column_name(s.name) for s in columns_of(stream)]
    assert len(names) == len(set(names))


def test_every_declaration_is_frozen_and_slotted() -> None:
    for declaration in DECLARED:
        assert not hasattr(declaration, "__dict__") or "__slots__" in vars(declaration)
        assert vars(declaration)["__dataclass_params__"].frozen


def test_a_field_that_is_optional_without_a_default_is_refused() -> None:
    @dataclass(frozen=True)
    class Wrong:
        TYPE: ClassVar[str] = "x.y"
        name: Name | None

    with pytest.raises(TypeError, match="optional fields, and only they"):
        specs_of(Wrong)


def test_an_event_id_does_not_depend_on_how_its_parts_are_cut() -> None:
    from opsledger.domain.envelope import fact_id

    assert fact_id("t", "s", "call.queued", ["ab", "c"]) != fact_id("t", "s", "call.queued", ["a", "bc"])
    assert fact_id("t", "s", "call.queued", ["a"]) == fact_id("t", "s", "call.queued", ["a"])
    assert fact_id("t", "s", "call.queued", ["a"]) != fact_id("t", "s", "call.queued", ["a"], ordinal=1)


def test_the_fields_of_an_undeclared_type_are_not_guessed() -> None:
    with pytest.raises(KeyError):
        fields_of("call.vanished")
