"""A folder of files that appears whole: what is made for it stands aside until all of it is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from opsledger.domain.errors import EXIT_ENVIRONMENT, UserError
from opsledger.ingest.whole_file import check_place, draft_name, named_folder, opened_folder, sync_folder

LAST = "index.html"
"""Put in place when everything that it leads to is."""


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """The folder to make files in; at the context's end they are at ``path``, at an exception none of them is.

    A folder that was not there appears at once, with everything. Into one that is there each file is put whole, its index
    last; what else stands in it stays. UserError for a link, in it and where it is to be, and for what is no folder.
    """
    real = named_folder(path)
    draft = (real if real.exists() else real.parent) / draft_name()
    try:
        with _told(path), opened_folder(draft):
            yield draft
            _synced(draft)
            if real.exists():
                _moved(draft, real, path)
            else:
                draft.rename(real)
            with opened_folder(real.parent) as above:
                sync_folder(above)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _synced(draft: Path) -> None:
    for file in files_of(draft):
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _moved(draft: Path, real: Path, path: Path) -> None:
    """Put each file into a folder that is there; all places are looked at before the first file is moved."""
    files = sorted(files_of(draft), key=lambda file: (file.name == LAST, file))
    for file in files:
        _check(real, file.relative_to(draft), path)
    for file in files:
        inner = file.relative_to(draft)
        with opened_folder((real / inner).parent) as folder:
            os.rename(file, inner.name, dst_dir_fd=folder)
            sync_folder(folder)


def _check(real: Path, inner: Path, path: Path) -> None:
    for above in reversed(inner.parents[:-1]):
        at = real / above
        if at.is_symlink() or (at.exists() and not at.is_dir()):
            raise UserError(f"{path / above} is no folder but a link or a file, and nothing is written through it; delete it")
    if (real / inner).parent.is_dir():
        with opened_folder((real / inner).parent) as folder:
            check_place(folder, inner.name, path / inner)


def files_of(folder: Path) -> Sequence[Path]:
    """All files in a folder and the folders in it."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write into {path}: {error.strerror or error}", EXIT_ENVIRONMENT) from error
