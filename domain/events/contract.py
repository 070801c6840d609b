"""contract 合同: the terms under which a vendor is paid. Subject = contract id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from opsledger.domain.fields import Document, Name, Text, Time


@dataclass(frozen=True, slots=True)
class ContractSigned:
    """Terms (data, checked by a schema) come into force at a time."""

    TYPE: ClassVar[str] = "contract.signed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "合同签订"
    DECISION: ClassVar[bool] = True

    vendor: Name
    terms: Document
    effective_from: Time


@dataclass(frozen=True, slots=True)
class ContractAmended:
    """Other terms come into force at a time."""

    TYPE: ClassVar[str] = "contract.amended"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "合同变更"
    DECISION: ClassVar[bool] = True

    terms: Document
    effective_from: Time


@dataclass(frozen=True, slots=True)
class ContractEnded:
    """The contract ends."""

    TYPE: ClassVar[str] = "contract.ended"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "合同终止"
    DECISION: ClassVar[bool] = True

    reason: Text
