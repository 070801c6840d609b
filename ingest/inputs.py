"""Where records come from: a file, plain or compressed, or standard input, read in bounded memory."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, cast

from opsledger.domain.errors import UserError, nearest
from opsledger.domain.fields import MAX_EVENT_BYTES
from opsledger.ingest import decompress
from opsledger.ingest.decompress import Blocks, Expansion
from opsledger.ingest.lines import Lines, split_lines

STANDARD_INPUT = "-"
SAMPLE_BYTES = 1 << 20
"""How much of the beginning is looked at to tell the encoding."""
ENCODINGS = ("auto", "utf-8", "utf-16", "gb18030", "gbk", "big5", "latin-1", "cp1252", "shift_jis", "euc-kr")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Input:
    """An opened source of records.

    ``name`` is for places in messages; ``path`` is None for standard input; ``size`` is the bytes of the file on
    disk, None where it is not known; ``notes`` are remarks for the user (an empty file, a guessed encoding).
    """

    def __init__(
        self, name: str, path: Path | None, file: IO[bytes], *, encoding: str = "auto", expansion: Expansion | None = None
    ) -> None:
        self.name, self.path = name, path
        self.encoding = encoding
        self.notes: list[str] = []
        self.size = path.stat().st_size if path else None
        self._file = _Counted(file)
        self._expansion = expansion or Expansion()

    @property
    def consumed(self) -> int:
        """Bytes read so far, as they stand on disk: for a progress bar against ``size``."""
        return self._file.count if self.size is None else min(self._file.count, self.size)

    @property
    def is_spreadsheet(self) -> bool:
        """Whether the file is an XLSX workbook, which holds no lines."""
        return self.path is not None and self._file.peek(4) == decompress.ZIP and decompress.is_spreadsheet(self.path)

    def lines(self, max_bytes: int = MAX_EVENT_BYTES) -> Iterator[Lines]:
        """The lines as UTF-8, some thousand at a time; one of more than ``max_bytes`` is not held in memory.

        Bytes that the encoding does not know are left as they are, so that they are no UTF-8. UserError for what is
        no text; and, after the lines before it, where the input breaks off (the unfinished last line is left out).
        """
        return split_lines(self._utf8(), max_bytes)

    def blocks(self) -> Blocks:
        """The whole as UTF-8 in blocks of bytes, cut anywhere; else as ``lines``."""
        return self._utf8()

    def text(self) -> io.TextIOWrapper:
        """The whole as a text stream for the csv module: ends of lines untouched, unknown bytes as surrogate escapes."""
        raw = io.BufferedReader(_BlockReader(self._utf8()), decompress.BLOCK_BYTES)
        return io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")

    def close(self) -> None:
        """Gives the file back."""
        if self.path is not None:
            self._file.close()

    def __enter__(self) -> Input:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _utf8(self) -> Blocks:
        blocks = self._guarded(self._blocks())
        sample, blocks = _sampled(blocks)
        if not sample:
            return self._nothing(blocks)
        bom, self.encoding = self._recognised(sample)
        if bom:
            first = next(blocks)
            blocks = chain([first[bom:]], blocks)
        return blocks if self.encoding == "utf-8" else _transcoded(blocks, self.encoding)

    def _nothing(self, blocks: Blocks) -> Blocks:
        yield from blocks  # raises where the input broke off before its first byte
        self.notes.append(f"{self.name} is empty: there is nothing to read")

    def _blocks(self) -> Blocks:
        head = self._file.peek(4)
        if head.startswith(decompress.GZIP):
            return decompress.gunzip(self._file, self.name)
        if head.startswith(decompress.ZSTD):
            return decompress.unzstd(self._file, self.name)
        if head.startswith(decompress.ZIP):
            return self._unzipped()
        return decompress.plain(self._file, self.name)

    def _unzipped(self) -> Blocks:
        if self.path is None:
            raise UserError("a zip cannot be read from standard input; give it as a file, or: unzip -p FILE.zip | opsledger …")
        if self.is_spreadsheet:
            raise UserError(
                f"{self.name}: is a spreadsheet (XLSX), not lines of text; read it with --format table and a mapping"
            )
        return decompress.unzip(self.path, self.name, self._counted)

    def _counted(self, file: IO[bytes]) -> IO[bytes]:
        self._file.close()
        self._file = _Counted(file)
        return cast("IO[bytes]", self._file)

    def _guarded(self, blocks: Blocks) -> Blocks:
        made, limit = 0, self._expansion
        for block in blocks:
            made += len(block)
            if made > limit.free_bytes and made > limit.ratio * self.consumed:
                raise UserError(
                    f"{self.name}: unpacks to more than {limit.ratio} times its size ({made >> 20} MiB so far); if it is to be "
                    "trusted, unpack it and read the result"
                )
            yield block

    def _recognised(self, sample: bytes) -> tuple[int, str]:
        """Length of the byte order mark, and the encoding. UserError where it is no text."""
        for bom, encoding in _BOMS:
            if sample.startswith(bom):
                return len(bom), encoding
        if self.encoding.startswith("utf-16"):
            return 0, "utf-16-le" if self.encoding == "utf-16" else self.encoding
        if (at := sample.find(b"\0")) >= 0:
            raise UserError(
                f"{self.name}: is not text (a zero byte at {at}); give a text file, plain or as .gz, .zst or .zip"
                " (UTF-16 without a byte order mark: --encoding utf-16)"
            )
        if self.encoding != "auto":
            return 0, self.encoding
        found = guess_encoding(sample)
        if found != "utf-8":
            self.notes.append(f"{self.name} is not UTF-8; it is read as {found.upper()} (--encoding names another)")
        return 0, found


class _Counted(io.RawIOBase):
    """Counts what is read, and can look ahead."""

    def __init__(self, file: IO[bytes]) -> None:
        self._inner, self._ahead, self.count = file, b"", 0

    def peek(self, size: int) -> bytes:
        while len(self._ahead) < size and (more := self._inner.read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int = -1, /) -> bytes:
        data, self._ahead = self._ahead, b""
        data = data or self._inner.read(size) or b""
        if 0 <= size < len(data):
            data, self._ahead = data[:size], data[size:]
        self.count += len(data)
        return data

    def seekable(self) -> bool:
        return self._inner.seekable()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._ahead = b""
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        return self._inner.tell() - len(self._ahead)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _BlockReader(io.RawIOBase):
    """Blocks as a raw stream."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks, self._rest = iter(blocks), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # typeshed's Buffer has no slices
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def open_input(path: str | Path, *, encoding: str = "auto", expansion: Expansion | None = None) -> Input:
    """Opens a file, or standard input for ``-``. UserError where it cannot be opened, or the encoding is not known."""
    try:
        codecs.lookup("utf-8" if encoding == "auto" else encoding)
    except LookupError:
        raise UserError(f"encoding '{encoding}' is not known{nearest(encoding, ENCODINGS)}") from None
    given = encoding if encoding == "auto" else codecs.lookup(encoding).name
    given = "gb18030" if given in ("gbk", "gb2312") else given
    if str(path) == STANDARD_INPUT:
        return Input("standard input", None, sys.stdin.buffer, encoding=given, expansion=expansion)
    place = Path(path)
    if place.is_dir():
        raise UserError(f"{path}: is a directory; give the files in it")
    try:
        return Input(str(path), place, place.open("rb"), encoding=given, expansion=expansion)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be opened: {error.strerror}") from None


def guess_encoding(sample: bytes) -> str:
    """UTF-8, unless most lines beyond ASCII are no UTF-8 while all are GB18030: one damaged line makes no other encoding."""
    lines = [line for line in sample.split(b"\n")[: None if len(sample) < SAMPLE_BYTES else -1] if not line.isascii()]
    wrong = [line for line in lines if not _decodes(line, "utf-8")]
    if 2 * len(wrong) > len(lines) and all(_decodes(line, "gb18030") for line in lines):
        return "gb18030"
    return "utf-8"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _sampled(blocks: Blocks) -> tuple[bytes, Blocks]:
    """The beginning, and all of it again; an error met on the way comes after the data before it."""
    held: list[bytes] = []
    rest: Blocks = blocks
    try:
        while sum(map(len, held)) < SAMPLE_BYTES and (block := next(blocks, b"")):
            held.append(block)
    except UserError as error:
        rest = _failing(error)
    whole = b"".join(held)
    return whole[:SAMPLE_BYTES], chain([whole] if whole else [], rest)


def _failing(error: UserError) -> Blocks:
    raise error
    yield b""  # makes this a generator: the error is raised when it is asked for its first block


def _transcoded(blocks: Blocks, encoding: str) -> Blocks:
    errors = "replace" if encoding.startswith("utf") else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for block in blocks:
        if text := decoder.decode(block):
            yield text.encode("utf-8", "surrogateescape")
    if text := decoder.decode(b"", final=True):
        yield text.encode("utf-8", "surrogateescape")
