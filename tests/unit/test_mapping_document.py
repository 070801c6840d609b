"""A mapping is YAML of plain maps, lists and texts; whatever could do harm or mislead is refused with its line."""

from __future__ import annotations

import pytest

from opsledger.domain.errors import UserError
from opsledger.ingest.mapping.document import MAX_BYTES, parse_document


def refusal(text: str | bytes) -> str:
    with pytest.raises(UserError) as caught:
        parse_document(text if isinstance(text, bytes) else text.encode(), "m.yaml")
    return str(caught.value)


def test_scalars_are_the_texts_that_were_written() -> None:
    data = parse_document(b"a: no\nb: 0:00:00\nc: 1.50\nd: ~\ne: ''\nf: 2026-01-05\nN: off\n", "m").data
    assert data == {"a": "no", "b": "0:00:00", "c": "1.50", "d": None, "e": "", "f": "2026-01-05", "N": "off"}


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert parse_document("a: 1".encode("utf-8-sig"), "m").data == {"a": "1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "m.yaml:3: 'a' stands twice; the first is in line 1"),
        ("a: &x [1]\nb: *x\n", "m.yaml:1: anchors"),
        ("a: [1]\nb: *x\n", "m.yaml:2: anchors"),
        ("a: !!python/object/apply:os.system ['true']\n", "m.yaml:1: tags"),
        ("a: !custom 1\n", "m.yaml:1: tags"),
        ("a: 1\n---\nb: 2\n", "m.yaml:2: a mapping is one YAML document"),
        ("? [a]\n: 1\n", "m.yaml:1: a key is plain text"),
        ("a: [1\nb: 2\n", "m.yaml:2: not YAML"),
        ("a: \x00", "m.yaml:1: not YAML"),
        (b"a: \xff", "m.yaml: a mapping is UTF-8 text; byte 3 is not"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_line(text: str | bytes, message: str) -> None:
    assert refusal(text).startswith(message)


def test_depth_and_size_are_bounded_before_they_cost_anything() -> None:
    assert "nested more than" in refusal("[" * 200_000)
    assert "nested more than" in refusal("{a: " * 200 + "1" + "}" * 200)
    assert "more than 20000 entries" in refusal("- 1\n" * 30_000)
    assert "at most 256 KiB" in refusal(b"#" * (MAX_BYTES + 1))


def test_a_mapping_file_that_is_not_there_is_said_so(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from opsledger.ingest.mapping.plan import load_mapping

    with pytest.raises(UserError, match=r"none\.yaml: the mapping cannot be read: No such file"):
        load_mapping(tmp_path / "none.yaml")
