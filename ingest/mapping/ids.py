"""Ids of imported facts by the thousand: ``domain.envelope.fact_id`` for whole columns, held equal to it by a test."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from typing import Any

import numpy as np

from opsledger.domain.envelope import NAMESPACE
from opsledger.ingest.mapping.rules import KEY_MARK

_DASHES = (8, 13, 18, 23)
_DIGITS = [i for i in range(36) if i not in _DASHES]


def fact_ids(tenants: Sequence[str], source: str, type_: str, keys: Sequence[bytes], ordinals: Sequence[int] | None) -> Any:
    """The ids as bytes, an array of n × 16. ``keys`` are UTF-8; one tenant is that of all, no ordinals are zeros."""
    tail = (KEY_MARK + "0").encode()
    ends = [tail] * len(keys) if ordinals is None else [f"{KEY_MARK}{ordinal}".encode() for ordinal in ordinals]
    if len(tenants) == 1:
        head = _head(tenants[0], source, type_)
        names = (
            [head + key + tail for key in keys]
            if ordinals is None
            else [head + key + end for key, end in zip(keys, ends, strict=True)]
        )
    else:
        heads = {tenant: _head(tenant, source, type_) for tenant in set(tenants)}
        names = [heads[tenant] + key + end for tenant, key, end in zip(tenants, keys, ends, strict=True)]
    digests = b"".join([sha1(name).digest() for name in names])  # noqa: S324  UUID version 5 is made of SHA-1
    ids = np.frombuffer(digests, np.uint8).reshape(-1, 20)[:, :16].copy()
    ids[:, 6] = ids[:, 6] & 0x0F | 0x50
    ids[:, 8] = ids[:, 8] & 0x3F | 0x80
    return ids


def _head(tenant: str, source: str, type_: str) -> bytes:
    return NAMESPACE.bytes + KEY_MARK.join((tenant, source, type_, "")).encode()


def id_texts(ids: Any) -> list[str]:
    """The ids as text with their hyphens."""
    size = len(ids)
    digits = np.frombuffer(ids.tobytes().hex().encode(), np.uint8).reshape(size, 32)
    out = np.full((size, 36), ord("-"), np.uint8)
    out[:, _DIGITS] = digits
    text = out.tobytes().decode()
    return [text[i : i + 36] for i in range(0, size * 36, 36)]
