"""The same calls as a desk would export them: a CSV with one row a call, local times, Chinese headings and words."""

from __future__ import annotations

import csv
from codecs import getincrementalencoder
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from opsledger.ingest.border.wire import DECODER
from opsledger.ingest.simulator.options import Options
from opsledger.ingest.simulator.run import Simulation

REASONS = {
    "abandoned": "放弃",
    "timeout": "超时",
    "key": "按键退出",
    "join_empty": "无座席",
    "leave_empty": "座席全部离开",
    "full": "队列满",
    "closed": "非服务时间",
    "diverted": "溢出",
    "callback": "预约回拨",
    "withdrawn": "撤回",
    "system": "系统故障",
}
_WORDS = {"inbound": "呼入", "outbound": "呼出", "phone": "电话", "chat": "在线", "email": "邮件"}
_OUTCOMES = {"self_served": "自助完成", "to_queue": "转人工", "voicemail": "留言", "hung_up": "挂断"}
_NATURES = {"consult": "咨询", "request": "受理", "complaint": "投诉", "fault": "报障", "other": "其他"}
_ENDS = {"customer": "客户", "agent": "座席", "system": "系统"}
_YES = {True: "是", False: "否", None: ""}
HEADINGS = (
    *("流水号", "方向", "渠道", "热线", "客户号码", "来电时间", "IVR流程", "离开IVR时间", "IVR结果"),
    *("技能组", "排队时间", "离队时间", "离队原因", "接通时间", "应答时间", "座席", "通话结束时间", "处理结束时间"),
    *("业务分类", "业务性质", "是否受理", "是否解决", "评分", "会话结束时间", "挂机方"),
)
_QUIET = timedelta(hours=1)


def write_desk(options: Options, out: BinaryIO, *, encoding: str = "utf-8") -> int:
    """Writes the calls' table; returns its rows. ``encoding``: utf-8, utf-8-sig, gbk or gb18030.

    A row tells a call's first stay in a queue and its first conversation (holds and later legs are left out, as a
    desk's export does). Times are local, to the millisecond. UserError where trouble was asked for.
    """
    simulation = Simulation(options.without_trouble("table"))
    encode = getincrementalencoder(encoding)().encode  # writes a byte order mark once, where there is one
    out.write(encode(_line(HEADINGS)))
    rows = 0
    for row in _rows(simulation, ZoneInfo(options.zone)):
        out.write(encode(_line(row)))
        rows += 1
    return rows


def _line(cells: tuple[str, ...]) -> str:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _rows(simulation: Simulation, zone: ZoneInfo) -> Iterator[tuple[str, ...]]:
    """A row for each call, once nothing has been heard of it for an hour after its end."""
    calls: dict[str, _Row] = {}
    for batch in simulation.batches():
        for line in batch:
            if not line.startswith(b'{"type":"call.'):
                continue
            event = DECODER.decode(line)
            calls.setdefault(event.subject, _Row(event.subject, zone)).take(event)
        last = event.time if batch and calls else None
        over = [code for code, row in calls.items() if last and row.ended and row.ended + _QUIET < last]
        yield from (calls.pop(code).cells() for code in over)
    yield from (row.cells() for row in calls.values())


class _Row:
    """One call's row while its events come in."""

    def __init__(self, code: str, zone: ZoneInfo) -> None:
        self._zone = zone
        self._cells = dict.fromkeys(HEADINGS, "")
        self._cells["流水号"] = code
        self.ended: datetime | None = None
        self._agent = ""

    def cells(self) -> tuple[str, ...]:
        return tuple(self._cells.values())

    def take(self, event: Any) -> None:
        """Fills in what an event tells, where nothing stands yet."""
        type_, data = event.__struct_config__.tag, event.data
        step = _STEPS.get(type_[5:])
        if step is not None:
            step(self, self._time(event.time), data)
        if type_ == "call.ended":
            self.ended = event.time

    def _time(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

    def put(self, **cells: str) -> None:
        for name, value in cells.items():
            self._cells[name] = self._cells[name] or value

    def offered(self, at: str, data: Any) -> None:
        words = {"方向": _WORDS[data.direction], "渠道": _WORDS[data.channel]}
        self.put(热线=data.hotline, 客户号码=data.customer or "", 来电时间=at, **words)

    def ivr_entered(self, at: str, data: Any) -> None:
        if not self._cells["应答时间"]:
            self.put(IVR流程=data.flow)

    def ivr_left(self, at: str, data: Any) -> None:
        if not self._cells["应答时间"]:
            self.put(离开IVR时间=at, IVR结果=_OUTCOMES[data.outcome])

    def connected(self, at: str, data: Any) -> None:
        self.put(接通时间=at)

    def queued(self, at: str, data: Any) -> None:
        self.put(技能组=data.queue, 排队时间=at)

    def left_queue(self, at: str, data: Any) -> None:
        if not self._cells["应答时间"]:
            self.put(离队时间=at, 离队原因=REASONS[data.reason])

    def answered(self, at: str, data: Any) -> None:
        if not self._cells["离队时间"] and not self._agent:
            self._agent = data.agent
            self.put(应答时间=at, 座席=data.agent)

    def parted(self, at: str, data: Any) -> None:
        if self._agent and self._agent in (getattr(data, "agent", ""), getattr(data, "from_agent", "")):
            self.put(通话结束时间=at)

    def wrapped_up(self, at: str, data: Any) -> None:
        if data.agent == self._agent and not self._cells["处理结束时间"]:
            marks = {"是否受理": _YES[data.accepted], "是否解决": _YES[data.resolved]}
            self.put(处理结束时间=at, 业务分类=data.category or "", 业务性质=_NATURES[data.nature], **marks)

    def surveyed(self, at: str, data: Any) -> None:
        if self._agent and data.given:
            self.put(评分=str(data.score))

    def over(self, at: str, data: Any) -> None:
        self.put(会话结束时间=at, 挂机方=_ENDS[data.by])


_STEPS = {
    "offered": _Row.offered,
    "ivr_entered": _Row.ivr_entered,
    "ivr_left": _Row.ivr_left,
    "connected": _Row.connected,
    "queued": _Row.queued,
    "left_queue": _Row.left_queue,
    "answered": _Row.answered,
    "transferred": _Row.parted,
    "released": _Row.parted,
    "wrapped_up": _Row.wrapped_up,
    "surveyed": _Row.surveyed,
    "ended": _Row.over,
}
