"""A dictionary of a column that a bound reader is sent holds no word of rows that are not theirs, whatever the format."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from opsledger.domain.clock import SystemClock
from opsledger.infra.gateway import reading
from opsledger.infra.gateway.audience import SETTING, mark
from opsledger.infra.gateway.engine import Engine, Handle
from opsledger.infra.gateway.roles import Role, User
from opsledger.infra.gateway.serve import ENGINE_SETTINGS
from opsledger.infra.store import engine_address, open_embedded
from opsledger.projections.facts.tables import FACTS
from tests.gateway_scene import Scene, make_ledger

THEIRS = (b"others", b"third")
ARROW = {"output_format_arrow_compression_method": "none"}
FORMATS = [
    ("Arrow", {**ARROW, "output_format_arrow_low_cardinality_as_dictionary": "1"}),
    (
        "Arrow",
        {
            **ARROW,
            "output_format_arrow_low_cardinality_as_dictionary": "1",
            "output_format_arrow_use_64_bit_indexes_for_dictionary": "1",
        },
    ),
    ("ArrowStream", {**ARROW, "output_format_arrow_low_cardinality_as_dictionary": "1"}),
    ("ArrowStream", ARROW),
    ("Parquet", {"output_format_parquet_compression_method": "none"}),
    (
        "ORC",
        {"output_format_orc_compression_method": "none", "output_format_orc_dictionary_key_size_threshold": "1"},
    ),
    ("Native", {"low_cardinality_allow_in_native_format": "1"}),
    ("Native", {"low_cardinality_allow_in_native_format": "0"}),
    ("RowBinary", {"low_cardinality_allow_in_native_format": "1"}),
    ("RowBinaryWithNamesAndTypes", {}),
]
TELLING = [format_ for format_, settings in FORMATS if "output_format_arrow_low_cardinality_as_dictionary" in settings]
TEXTS = [
    "SELECT tenant, vendor FROM {database}.calls",
    "SELECT * FROM {database}.calls ORDER BY call",
    "SELECT groupArray(tenant), groupUniqArray(vendor) FROM {database}.calls",
    "SELECT (tenant, [vendor]), map('a', vendor) FROM {database}.calls",
    "SELECT tenant, count() FROM {database}.calls GROUP BY tenant",
    "SELECT a.vendor FROM {database}.calls AS a JOIN {database}.legs AS b USING (call)",
]


def told_of_others(body: bytes) -> bool:
    return any(word in body for word in THEIRS)


@pytest.mark.parametrize(("format_", "settings"), FORMATS)
def test_no_word_of_others_is_sent(scene: Scene, format_: str, settings: dict[str, str]) -> None:
    for text in TEXTS:
        asked = text.format(database="reading") + f" FORMAT {format_}"
        bound = scene.ask("bound", asked, **settings)
        assert bound.status == 200, bound.body
        assert b"acme" in bound.body or b"xinhe" in bound.body
        assert not told_of_others(bound.body), asked
        assert told_of_others(scene.ask("reader", asked, **settings).body), asked


def test_no_view_sends_one(scene: Scene) -> None:
    for fact in FACTS:
        told = scene.ask("bound", f"SELECT * FROM reading.{fact.name} FORMAT ArrowStream", **FORMATS[0][1])
        assert (told.status, told_of_others(told.body)) == (200, False)


def test_columns_keep_their_types_and_values(scene: Scene) -> None:
    for fact in FACTS:
        shown = scene.ask("writer", f"DESCRIBE TABLE reading.{fact.name} FORMAT TSVRaw").text
        types = dict(line.split("\t")[:2] for line in shown.splitlines())
        table = scene.ask("writer", f"DESCRIBE TABLE default.{fact.name} FORMAT TSVRaw").text
        assert types.items() <= dict(line.split("\t")[:2] for line in table.splitlines()).items()
        names = ", ".join(f"`{name}`" for name in types)
        rows = [
            scene.ask("writer", f"SELECT {names} FROM {at}.{fact.name} {end} ORDER BY ALL")
            for at, end in (("default", "FINAL"), ("reading", ""))
        ]
        assert rows[0].body == rows[1].body
        assert rows[0].status == 200
    assert types
    assert "LowCardinality(String)" in types.values()


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    """A handle of the bound reader, with views as they were in ``old`` and as they are in ``fresh``."""
    root: Path = tmp_path_factory.mktemp("dictionaries") / "data"
    make_ledger(root)
    with ExitStack() as stack:
        stack.enter_context(open_embedded(root, clock=SystemClock()))
        engine = stack.enter_context(closing(Engine(engine_address(root), ENGINE_SETTINGS)))
        plain = stack.enter_context(engine.handle())
        handle = stack.enter_context(engine.handle({SETTING: mark(User("b", Role.READER, "acme"), "1")}))
        columns = {
            fact.name: dict(reading._pairs(plain, reading._COLUMNS, database="default", table=fact.name)) for fact in FACTS[:2]
        }
        for database in ("old", "fresh"):
            plain.query(f"CREATE DATABASE {database}".encode(), "Null", {})
            for fact in FACTS[:2]:
                whole = reading.view_of(fact, columns[fact.name])
                select = whole if database == "fresh" else whole.partition(" FROM (")[2].removesuffix(")")
                plain.query(f"CREATE VIEW {database}.{fact.name} AS {select}".encode(), "Null", {})
        yield handle


def test_control_the_views_without_it_do_send_them(bound: Handle) -> None:
    """As they were: the same rows, and dictionaries with others' words, in the formats that keep them."""
    found = {"old": set(), "fresh": set()}
    for database, telling in found.items():
        for format_, settings in FORMATS:
            more = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
            text = TEXTS[0].format(database=database) + (f" SETTINGS {more}" if more else "")
            if told_of_others(bytes(bound.query(text.encode(), format_, {})[0])):
                telling.add(format_)
    assert found == {"old": set(TELLING), "fresh": set()}


def test_how_many_words_there_are_is_not_told(bound: Handle) -> None:
    """To the tenant whose rows, all of one vendor, come last: in the views as they were its word is the third."""
    bound.set({SETTING: mark(User("o", Role.READER, "others"), "1")})
    asked = "SELECT groupUniqArray(vendor), max(lowCardinalityIndices(vendor)) FROM {database}.calls"
    assert [bound.text(asked.format(database=database)) for database in ("old", "fresh")] == ["['third']\t3", "['third']\t1"]
