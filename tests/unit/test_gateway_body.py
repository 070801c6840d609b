"""The body of a gateway's answer: what was held for it is let go before who asked has the whole of it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack

import lz4.frame
import pytest
import zstandard

from opsledger.infra.gateway.body import Body
from opsledger.infra.gateway.errors import ServerError

PIECES = [b"one", b"two", b"three"]


def body_of(pieces: Iterator[bytes], encoding: str = "", *, whole: bool = True) -> tuple[Body, list[str]]:
    stack, gone = ExitStack(), list[str]()
    stack.callback(gone.append, "gone")
    return Body(pieces, encoding, "tag", "1", stack, lambda error: error, whole=whole), gone


@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_is_held_goes_before_the_last_piece_and_not_sooner(count: int) -> None:
    body, gone = body_of(iter(PIECES[:count]))
    held = [(piece, bool(gone)) for piece in body]
    assert [piece for piece, _ in held] == PIECES[:count]
    assert [free for _, free in held] == [False, False, True][3 - count :]
    assert gone == ["gone"]
    body.close()
    assert gone == ["gone"]


def test_the_same_of_a_packed_answer() -> None:
    body, gone = body_of(iter(PIECES), "gzip")
    held = [(piece, bool(gone)) for piece in body]
    assert gzip.decompress(b"".join(piece for piece, _ in held)) == b"".join(PIECES)
    assert held[-1][1]


@pytest.mark.parametrize("encoding", ["", "gzip", "lz4", "zstd", "deflate"])
def test_a_piece_of_a_stream_goes_out_before_the_next_is_made(encoding: str) -> None:
    made = []

    def slow() -> Iterator[bytes]:
        for piece in PIECES:
            made.append(piece)
            yield piece

    body, gone = body_of(slow(), encoding, whole=False)
    sent = b""
    for piece in body:
        sent += piece
        if made == PIECES[:1] and sent and (not encoding or _unpacked(sent, encoding) == PIECES[0]):
            break
    else:
        pytest.fail("the first piece went out with the others")
    assert not gone


def _unpacked(sent: bytes, encoding: str) -> bytes:
    """What can be read of a packed body that has only begun."""
    machine = {
        "gzip": lambda: zlib.decompressobj(31),
        "deflate": lambda: zlib.decompressobj(15),
        "lz4": lz4.frame.LZ4FrameDecompressor,
        "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    }[encoding]()
    return bytes(machine.decompress(sent))


def test_an_answer_that_nobody_reads_lets_go_when_it_is_closed() -> None:
    body, gone = body_of(iter(PIECES))
    assert next(iter(body)) == b"one"
    assert not gone
    body.close()
    assert gone == ["gone"]


def test_an_answer_that_breaks_off_lets_go_and_says_so() -> None:
    def broken() -> Iterator[bytes]:
        yield b"one"
        raise ServerError(395, "broke")

    body, gone = body_of(broken())
    pieces = iter(body)
    assert next(pieces) == b"one"
    assert b"broke" in next(pieces)
    assert gone
    with pytest.raises(ConnectionAbortedError):
        next(pieces)
