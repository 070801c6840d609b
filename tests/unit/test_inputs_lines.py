"""Lines come out of any cut of the blocks alike, and an endless one is not held."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from opsledger.ingest.lines import KEPT_BYTES, Lines, split_lines


def numbered(blocks: list[bytes], max_bytes: int = 1000) -> dict[int, bytes | int]:
    """Line number → the line, or its length where it was too long."""
    found: dict[int, bytes | int] = {}
    for part in split_lines(blocks, max_bytes):
        for index, line in enumerate(part.lines):
            assert part.first + index not in found
            found[part.first + index] = part.long[index].length if index in part.long else line
    return found


@given(
    st.lists(st.sampled_from([b"a", b"bb", b"\n", b"\r\n", b"\xe5\xae", b"cc\ndd\n", b"x" * 9, b"\n\n"])), st.integers(1, 12)
)
def test_the_cut_of_the_blocks_does_not_matter(parts: list[bytes], limit: int) -> None:
    whole = b"".join(parts)
    cut = numbered(parts, limit)
    lines = whole.split(b"\n")
    lines = lines[:-1] if lines[-1] == b"" else lines
    assert list(cut) == list(range(1, len(lines) + 1))
    for number, line in enumerate(lines, 1):
        kept = cut[number]
        text = line.removesuffix(b"\r")
        assert kept in ((len(line), len(text)) if isinstance(kept, int) else (text, line))
        assert isinstance(kept, int) == (len(text) > limit) or len(line) == limit + 1


def test_a_line_at_the_limit_is_whole_and_one_byte_more_is_long() -> None:
    assert numbered([b"a" * 10 + b"\n" + b"b" * 11 + b"\nc"], 10) == {1: b"a" * 10, 2: 11, 3: b"c"}


def test_crlf_and_lf_end_a_line_and_the_last_needs_none() -> None:
    assert numbered([b"a\r\nb\nc\r", b"\n\nd"]) == {1: b"a", 2: b"b", 3: b"c", 4: b"", 5: b"d"}


def test_of_a_long_line_beginning_length_and_hash_are_kept() -> None:
    line = bytes(range(1, 10)) * 20_000 + b"end"
    blocks = [line[i : i + 7777] for i in range(0, len(line), 7777)]
    (part,) = list(split_lines(blocks, 1000))
    kept = part.long[0]
    assert (kept.head, kept.length) == (line[:KEPT_BYTES], len(line))
    assert kept.sha256 == hashlib.sha256(line).hexdigest()


def endless(megabytes: int) -> Iterator[bytes]:
    yield from (b"a" * (1 << 20) for _ in range(megabytes))
    yield b"\nb\n"


def peak_of(parts: Iterator[Lines]) -> int:
    tracemalloc.start()
    try:
        for _ in parts:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_stays_flat_however_long_a_line_is() -> None:
    assert peak_of(split_lines(endless(100), 256 * 1024)) < 8 << 20


def test_control_without_the_limit_the_line_is_held() -> None:
    assert peak_of(split_lines(endless(40), 1 << 40)) > 30 << 20
