"""queue 技能组: where a caller waits for a person. Subject = queue id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from opsledger.domain.fields import Document, Name, Time

Setting = Literal["penalty", "ring_in_use", "configuration", "start"]


@dataclass(frozen=True, slots=True)
class QueueDescribed:
    """Name, vendor, hotline and targets from a time on."""

    TYPE: ClassVar[str] = "queue.described"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "技能组配置"
    DECISION: ClassVar[bool] = False

    name: Name
    effective_from: Time
    vendor: Name | None = None
    hotline: Name | None = None
    targets: Document | None = None


@dataclass(frozen=True, slots=True)
class QueueSettingChanged:
    """The switch changed how the queue works: a member's penalty, ringing while in use, a reload, a start."""

    TYPE: ClassVar[str] = "queue.setting_changed"
    VERSION: ClassVar[int] = 1
    ZH: ClassVar[str] = "技能组设置变更"
    DECISION: ClassVar[bool] = False

    setting: Setting
    agent: Name | None = None
    value: Name | None = None
