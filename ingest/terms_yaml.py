"""Contract terms written as YAML: read safely, checked at once, refused with the file's line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opsledger.domain.documents import DocumentError
from opsledger.domain.errors import UserError
from opsledger.domain.terms import read_terms
from opsledger.ingest.mapping.document import Document, parse_document, read_document

_WHAT = "terms document"


def read_terms_file(path: Path) -> dict[str, Any]:
    """The terms document of a YAML file, in the form in which ``contract.signed`` keeps it: every number is text.

    Raises UserError, with file and line, for what is not plain YAML, a name that stands twice, and for terms that
    cannot be carried out.
    """
    return _checked(read_document(path, _WHAT))


def parse_terms(raw: bytes, name: str) -> dict[str, Any]:
    """The terms document of some bytes; ``name`` stands for the file in messages. Errors as ``read_terms_file``."""
    return _checked(parse_document(raw, name, _WHAT))


def _checked(document: Document) -> dict[str, Any]:
    if not isinstance(document.data, dict):
        raise UserError(f"{document.name}:1: terms are an object with names, at least terms, title, currency, zone and rules")
    terms: dict[str, Any] = document.data
    try:
        read_terms(terms)
    except DocumentError as error:
        raise UserError(f"{document.name}:{document.line_of(error.path)}: {error}") from error
    return terms
