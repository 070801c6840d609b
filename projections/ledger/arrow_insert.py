"""The fast way into a table: few columns, one dictionary each, one insert that lands whole in one part."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from clickhouse_connect.driver.client import Client

MAX_INSERT_ROWS = 500_000
MAX_INSERT_BYTES = 128 * 1024 * 1024
NOT_STORED = frozenset(["record", "on_change"])
"""Columns of an adapter's tables that say something about the input and not about the event."""

_PIECE_BYTES = 1024 * 1024
_WHOLE = {"max_insert_block_size": 1_000_000, "min_insert_block_size_rows": 1_000_000, "min_insert_block_size_bytes": 0}


def cut(table: pa.Table) -> Iterator[pa.Table]:
    """Slices of a table that can each be inserted whole; none for an empty table."""
    rows = MAX_INSERT_ROWS
    if table.nbytes > MAX_INSERT_BYTES:
        rows = max(1, min(rows, table.num_rows * MAX_INSERT_BYTES // table.nbytes))
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


@dataclass(frozen=True, slots=True)
class Block:
    """Rows as they are sent: all that takes time before an insert is done."""

    rows: int
    columns: Sequence[str]
    content: pa.Buffer


def block_of(table: pa.Table) -> Block:
    """A table's rows, ready to be sent."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Block(table.num_rows, table.column_names, sink.getvalue())


def insert_whole(client: Client, name: str, table: pa.Table, *, token: str = "") -> None:
    """Insert a table's rows; see ``insert_block``."""
    insert_block(client, name, block_of(table), token=token)


def insert_block(client: Client, name: str, block: Block, *, token: str = "") -> None:
    """Insert rows as one block, which is stored wholly or not at all.

    A ``token`` names exactly these rows: where the table keeps tokens, the same rows sent again are left out. A saving only.
    """
    # In pieces: the client's own insert_arrow makes two more copies of the rows, one of them under the interpreter's lock,
    # a file goes over a network 16 KB at a time, and bytes would be sent a second time unasked where an answer is lost.
    pieces = pieces_of(block.content)
    settings = {**_WHOLE, "insert_deduplication_token": token} if token else _WHOLE
    client.raw_insert(f"`{name}`", block.columns, pieces, settings=settings, fmt="ArrowStream")


def pieces_of(buffer: pa.Buffer) -> Generator[bytes, None, None]:
    """A buffer's bytes, some at a time."""
    for start in range(0, buffer.size, _PIECE_BYTES):
        yield buffer.slice(start, min(_PIECE_BYTES, buffer.size - start)).to_pybytes()


def slim(table: pa.Table) -> pa.Table:
    """The same rows without what the table fills in by itself: columns of the input, columns of defaults only.

    A stream's table has a column for each field of each of its types, most of them empty in any batch: leaving them
    out halves the cost of an insert.
    """
    table = table.combine_chunks().unify_dictionaries()
    kept = [name for name in table.column_names if name not in NOT_STORED and not _is_default(table[name])]
    return table.select(kept).combine_chunks()


def _is_default(column: pa.ChunkedArray) -> bool:
    if column.null_count == len(column):
        return True
    if pa.types.is_dictionary(column.type):
        values = {word.as_py() for chunk in column.chunks for word in chunk.dictionary.slice(0, 2)}
        return column.null_count == 0 and values <= {""}
    if pa.types.is_fixed_size_binary(column.type):
        return all(_is_zero(chunk) for chunk in column.chunks)
    if pa.types.is_string(column.type):
        return bool(column.null_count == 0 and pc.max(pc.binary_length(column)).as_py() == 0)
    if pa.types.is_list(column.type):
        return bool(column.null_count == 0 and pc.max(pc.list_value_length(column)).as_py() == 0)
    return False


def _is_zero(array: pa.FixedSizeBinaryArray) -> bool:
    width = array.type.byte_width
    data = array.buffers()[1]
    if data is None or array.null_count:
        return False
    view = memoryview(data)[array.offset * width : (array.offset + len(array)) * width]
    return view.tobytes().count(0) == len(view)
