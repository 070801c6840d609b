"""Files plain and compressed, whole and broken, in several encodings, and what is no text at all."""

from __future__ import annotations

import bz2
import gzip
import io
import random
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import zstandard

from opsledger.domain.errors import UserError
from opsledger.ingest.decompress import Expansion
from opsledger.ingest.inputs import Input, guess_encoding, open_input


def a_text(lines: int = 30_000) -> bytes:
    chance = random.Random(7)
    return b"".join(b'{"n":%d,"x":"%x"}\n' % (i, chance.getrandbits(40)) for i in range(lines))


TEXT = a_text()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def gzipped(data: bytes) -> bytes:
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(data[half:])


def zstd_frames(data: bytes) -> bytes:
    half = len(data) // 2
    return zstandard.compress(data[:half]) + zstandard.compress(data[half:])


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzipped,
    "zst": zstd_frames,
    "zip": lambda data: zipped({"calls.jsonl": data}),
}


def read(source: Input) -> tuple[bytes, UserError | None]:
    """All lines, and the error that ended them."""
    found: list[bytes] = []
    try:
        with source:
            for part in source.lines():
                found += part.lines
    except UserError as error:
        return b"".join(line + b"\n" for line in found), error
    return b"".join(line + b"\n" for line in found), None


def file_of(tmp_path: Path, data: bytes, name: str = "calls.data") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("packer", PACKERS)
def test_any_packing_gives_the_same_lines(tmp_path: Path, packer: str) -> None:
    source = open_input(file_of(tmp_path, PACKERS[packer](TEXT)))
    assert read(source) == (TEXT, None)
    assert source.consumed == source.size


@pytest.mark.parametrize("packer", ["gz", "zst", "zip"])
@pytest.mark.parametrize("part", [0.0001, 0.3, 0.6, 0.999])
def test_a_cut_file_gives_what_stands_before_the_cut_and_then_says_so(tmp_path: Path, packer: str, part: float) -> None:
    data = PACKERS[packer](TEXT)
    text, error = read(open_input(file_of(tmp_path, data[: max(8, int(len(data) * part))])))
    assert TEXT.startswith(text)
    assert len(text) >= len(TEXT) * part - 140_000
    assert error is not None
    assert error.exit_code == 3
    assert "calls.data: is cut short" in str(error)
    assert "run the same command again" in str(error)


def test_control_the_naive_reader_of_zstd_takes_a_cut_file_for_whole() -> None:
    data = zstandard.compress(TEXT)
    assert len(zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data[:-200])).read()) < len(TEXT)


@pytest.mark.parametrize("packer", ["gz", "zip"])
def test_a_damaged_file_is_named(tmp_path: Path, packer: str) -> None:
    data = bytearray(PACKERS[packer](TEXT))
    data[len(data) // 3 : len(data) // 3 + 40] = b"\xff" * 40
    _, error = read(open_input(file_of(tmp_path, bytes(data))))
    assert error is not None
    assert "is damaged" in str(error)
    assert error.exit_code == 3


def test_bytes_after_the_gzip_are_told_and_zeros_are_padding(tmp_path: Path) -> None:
    assert read(open_input(file_of(tmp_path, gzip.compress(TEXT) + b"\0" * 5000))) == (TEXT, None)
    text, error = read(open_input(file_of(tmp_path, gzip.compress(TEXT) + b"rubbish")))
    assert text == TEXT
    assert "not gzip" in str(error)


def test_of_a_zip_the_one_data_file_is_read(tmp_path: Path) -> None:
    members = {"__MACOSX/._calls.csv": b"x", "readme.txt": b"hello", "calls.csv": b"a,b\n"}
    assert read(open_input(file_of(tmp_path, zipped(members), "export.zip"))) == (b"a,b\n", None)
    same = zipped({"calls.csv": b"1\n", "agents.csv": b"2\n"})
    assert read(open_input(file_of(tmp_path, same, "calls.zip"))) == (b"1\n", None)


def test_a_zip_of_many_is_refused_with_their_names(tmp_path: Path) -> None:
    _, error = read(open_input(file_of(tmp_path, zipped({"a.csv": b"1\n", "b.csv": b"2\n"}), "x.zip")))
    assert "holds 2 files (a.csv, b.csv); unpack it" in str(error)


def test_a_spreadsheet_is_no_lines(tmp_path: Path) -> None:
    source = open_input(file_of(tmp_path, zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "a.xlsx"))
    assert source.is_spreadsheet
    assert "spreadsheet" in str(read(source)[1])


@pytest.mark.parametrize(
    ("data", "part"),
    [(b"\x7fELF\x02\x00\x01", "not text (a zero byte at 5)"), (gzip.compress(b"ab\0", mtime=0), "zero byte at 2")],
)
def test_a_binary_file_is_told(tmp_path: Path, data: bytes, part: str) -> None:
    text, error = read(open_input(file_of(tmp_path, data)))
    assert text == b""
    assert part in str(error)


def test_another_compression_is_told_as_no_text(tmp_path: Path) -> None:
    _, error = read(open_input(file_of(tmp_path, bz2.compress(TEXT))))
    assert "not text" in str(error)


@pytest.mark.parametrize("packer", PACKERS)
def test_an_empty_file_gives_nothing_and_a_note(tmp_path: Path, packer: str) -> None:
    source = open_input(file_of(tmp_path, PACKERS[packer](b"")))
    assert read(source) == (b"", None)
    assert "is empty" in source.notes[0]


CHINESE = '{"名":"宽带/新装"}\r\n{"b":"普通"}\r\n'
LF = CHINESE.replace("\r\n", "\n").encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    source = open_input(file_of(tmp_path, CHINESE.encode(encoding)))
    assert read(source) == (LF, None)
    assert bool(source.notes) == encoding.startswith("gb")


@pytest.mark.parametrize("encoding", ["big5", "utf-16-be", "gb2312", "utf-16"])
def test_encodings_are_taken_as_given(tmp_path: Path, encoding: str) -> None:
    text = "{'a':'電話'}\n" if encoding == "big5" else "{'a':'电话'}\n"
    data = text.encode("utf-16-le") if encoding == "utf-16" else text.encode(encoding)
    assert read(open_input(file_of(tmp_path, data), encoding=encoding)) == (text.encode(), None)


def test_one_damaged_line_makes_no_other_encoding(tmp_path: Path) -> None:
    data = LF * 10 + b"\xb5\xe7\xbb\xb0\n"
    source = open_input(file_of(tmp_path, data))
    assert read(source) == (data, None)
    assert source.encoding == "utf-8"


def test_control_where_most_lines_are_gbk_it_is_gb18030() -> None:
    assert guess_encoding(LF + "电话\n转接\n排队\n".encode("gbk")) == "utf-8"
    assert guess_encoding("电话\n转接\n排队\n".encode("gbk") + b"ascii\n") == "gb18030"


def test_bytes_that_the_encoding_does_not_know_stay_and_are_no_utf8(tmp_path: Path) -> None:
    data = "电话".encode("gbk") + b"\xff\n" + "转接\n".encode("gbk")
    text, _ = read(open_input(file_of(tmp_path, data), encoding="gb18030"))
    assert text == "电话".encode() + b"\xff\n" + "转接\n".encode()


def test_unknown_encodings_and_missing_files_are_told(tmp_path: Path) -> None:
    for call, part in (
        (lambda: open_input(tmp_path / "x", encoding="gbkk"), "did you mean 'gbk'"),
        (lambda: open_input(tmp_path / "x"), "no such file"),
        (lambda: open_input(tmp_path), "is a directory"),
    ):
        with pytest.raises(UserError, match=part):
            call()


@pytest.mark.parametrize("packer", ["gz", "zst", "zip"])
def test_what_unpacks_beyond_all_measure_is_stopped(tmp_path: Path, packer: str) -> None:
    bomb = PACKERS[packer](b"a" * (40 << 20))
    source = open_input(file_of(tmp_path, bomb), expansion=Expansion(ratio=100, free_bytes=8 << 20))
    _, error = read(source)
    assert "more than 100 times its size" in str(error)
    assert read(open_input(file_of(tmp_path, bomb)))[1] is None


@pytest.mark.parametrize("packer", ["plain", "gz", "zst"])
def test_standard_input_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch, packer: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(PACKERS[packer](TEXT))))
    source = open_input("-")
    assert (source.name, source.size, source.path) == ("standard input", None, None)
    assert read(source) == (TEXT, None)


def test_a_zip_on_standard_input_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(PACKERS["zip"](TEXT))))
    assert "unzip -p" in str(read(open_input("-"))[1])


def test_text_for_the_csv_module_keeps_ends_of_lines_and_bad_bytes(tmp_path: Path) -> None:
    with open_input(file_of(tmp_path, b'a,"b\r\nc"\r\n\xff\n')).text() as stream:
        assert list(stream) == ['a,"b\r\n', 'c"\r\n', "\udcff\n"]
