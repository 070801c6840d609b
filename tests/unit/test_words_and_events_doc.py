"""Every word of the catalogue has its term, and docs/events.md says what the declarations say."""

from pathlib import Path

from opsledger.domain.catalogue import STREAMS, TYPES, fields_of
from opsledger.domain.fields import specs_of
from opsledger.domain.words import CHOICE_WORDS, FIELD_WORDS, STREAM_WORDS
from opsledger.infra.events_doc import render_events_md

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "events.md"
SPECS = [spec for type_ in TYPES for spec in fields_of(type_)]
INNER = [inner for spec in SPECS if spec.item for inner in specs_of(spec.item)]


def test_every_field_has_a_term_and_no_term_is_left_over() -> None:
    assert {spec.name for spec in (*SPECS, *INNER)} == set(FIELD_WORDS)


def test_every_choice_has_a_term_and_no_term_is_left_over() -> None:
    assert {choice for spec in (*SPECS, *INNER) for choice in spec.choices} == set(CHOICE_WORDS)


def test_every_stream_has_a_term_and_no_term_is_left_over() -> None:
    assert set(STREAMS) == set(STREAM_WORDS)


def test_no_term_is_empty_in_either_language() -> None:
    for words in (STREAM_WORDS, FIELD_WORDS, CHOICE_WORDS):
        assert all(word.en and word.zh for word in words.values())


def test_the_event_catalogue_in_docs_is_the_generated_one() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render_events_md(), (
        "run: .venv/bin/python -m opsledger.infra.events_doc > docs/events.md"
    )


def test_the_catalogue_names_every_type_and_field() -> None:
    text = render_events_md()
    assert all(f"### {type_} {declared.ZH}" in text for type_, declared in TYPES.items())
    assert all(f"| {spec.name}" in text for spec in SPECS)


def test_a_changed_catalogue_would_be_noticed() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") != render_events_md().replace("call.queued", "call.entered")
