"""How the closed sets of codes are called: reasons, states, directions, channels. What is not listed is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from opsledger.projections.metrics.model import Label, Lang
from opsledger.projections.metrics.profiles import PROFILES
from opsledger.projections.metrics.queues import OUTCOMES
from opsledger.projections.reports.quality.checks import AREAS, VERDICTS
from opsledger.projections.reports.quality.records import CHECKS

Words = Mapping[str, Label]


def _words(**pairs: str) -> Words:
    """Code → label out of ``code="english|中文"``; a leading underscore keeps a code from being a keyword."""
    return {code.strip("_"): Label(*text.split("|")) for code, text in pairs.items()}


_CHANNELS = _words(
    phone="phone|电话", chat="chat|在线", email="email|邮件", letter="letter|信函", fax="fax|传真", web="web|网页"
)
_OUTCOMES: Words = {**OUTCOMES, "answered": Label("answered", "已应答"), "waiting": Label("still waiting", "仍在等待")}
_MISSED = _words(no_answer="no answer|振铃未接", rejected="rejected|拒接")
_TARGETS = _words(agent="agent|座席", queue="queue|技能组", external="outside|外线", ivr="IVR|IVR")
_TICKETS = _words(
    opened="not dispatched|未派单",
    dispatched="dispatched|已派单",
    accepted="accepted|已接单",
    resolved="resolved|已完成",
    reopened="reopened|重开",
    cancelled="cancelled|取消",
    voided="voided|作废",
)
_COMPLAINTS = _words(
    filed="filed|已登记",
    open="open|未结",
    investigated="investigated|已调查",
    adjudicated="adjudicated|已判定",
    withdrawn="withdrawn|撤诉",
)
_PENALTIES = _words(
    assessed="assessed|已认定",
    appealed="appealed|申诉中",
    upheld="upheld|维持",
    reduced="reduced|减轻",
    waived="waived|免除",
    settled="settled|已结算",
)
_AGENT_STATES = _words(
    idle="idle|空闲",
    ringing="ringing|振铃",
    talking="talking|通话",
    holding="holding|保持",
    wrap_up="wrap-up|事后处理",
    busy="busy|示忙",
    _break="break|小休",
    training="training|培训",
    meeting="meeting|会议",
    away="away|离席",
)
_PAUSES = _words(
    meal="meal|用餐",
    rest="rest|小休",
    paperwork="paperwork|案头工作",
    team_meeting="team meeting|班会",
    coaching="coaching|辅导",
    dialling="dialling out|外呼拨号",
    ring_no_answer="ring not answered|振铃未接",
)
_FAULTS = _words(
    outage="outage|中断",
    power="power cut|断电",
    restart="restart|重启",
    slow="slow|响应缓慢",
    no_audio="no sound|无放音",
    packet_loss="packet loss|丢包",
)
_ATTEMPTS = _words(
    reached="reached|接通", no_answer="no answer|无人接听", refused="refused|拒访", wrong_number="wrong number|号码错误"
)
_IVR = _words(
    self_served="self-served|自助完成", to_queue="to a queue|转人工", voicemail="voicemail|留言", hung_up="hung up|中途挂机"
)
_PURPOSES = _words(
    complaint="complaint|投诉回访",
    new_install="new installation|新装回访",
    relocation="relocation|移机回访",
    repair="repair|障碍回访",
    voicemail="voicemail|留言回访",
    promise="promised callback|预约回访",
    survey="survey|满意度回访",
)
_NATURES = _words(
    consult="consultation|咨询", request="request|受理", complaint="complaint|投诉", fault="fault|报障", other="other|其他"
)
_SEVERITIES = _words(
    minor="minor|轻微", general="general|一般", severe="severe|严重", major="major|重大", critical="critical|特别重大"
)
_EXCUSES = _words(leave="leave|事假", sick="sick leave|病假", training="training|培训")
_COSTS = _words(
    wages="wages|工资",
    telephony="telephony|通信费",
    telecom="telecom|通信费",
    seats="seats|席位费",
    rent="rent|场地费",
    other="other|其他",
)
_ENDS = _words(released="released|挂机", transfer="transfer|转接", ended="call ended|通话结束", open="open|未结束")
_PARTIES = _words(customer="customer|客户", agent="agent|座席", system="system|系统", vendor="vendor|外包公司")
_MOVES = _words(joined="joined|入职", moved="moved|调组", left="left|离职")
_SETTINGS = _words(
    penalty="member's penalty|座席优先级", ring_in_use="ring when busy|忙时振铃", configuration="configuration|队列配置",
    start="system start|系统启动",
)  # fmt: skip
_CONTRADICTIONS = _words(
    answered_before_offered="answered before it came|先应答后来电",
    ended_twice="ended twice|重复结束",
    ended_while_talking="ended while talking|通话中结束",
    ended_while_waiting="ended while waiting|排队中结束",
    event_after_end="event after its end|结束后仍有事件",
    negative_ivr="IVR of negative length|IVR 时长为负",
    negative_wait="wait of negative length|等待时长为负",
    negative_wrap_up="wrap-up of negative length|话后时长为负",
    offered_twice="came twice|重复来电",
    wrap_up_without_leg="wrap-up without a leg|有话后无接听段",
)
_ALL_STATES: Words = {**_TICKETS, **_COMPLAINTS, **_PENALTIES, **_AGENT_STATES}
_KINDS: Words = {**_NATURES, **_EXCUSES, **_COSTS, **_FAULTS}
CODES: Mapping[str, Words] = MappingProxyType(
    {
        "area": AREAS,
        "check": {code: each.label for code, each in CHECKS.items()},
        "verdict": VERDICTS,
        "reason": {**_OUTCOMES, **_MISSED, **_PAUSES, "outage": Label("outage", "故障停工")},
        "outcome": {**_OUTCOMES, **_ATTEMPTS},
        "ivr_outcome": _IVR,
        "miss_reason": _MISSED,
        "channel": _CHANNELS,
        "direction": _words(inbound="inbound|呼入", outbound="outbound|呼出"),
        "to_kind": _TARGETS,
        "transferred_to": _TARGETS,
        "mode": _words(blind="blind|盲转", attended="attended|咨询转"),
        "state": _ALL_STATES,
        "complaint_state": {**_TICKETS, **_COMPLAINTS},
        "end_kind": _ENDS,
        "ended_by": _PARTIES,
        "party": _PARTIES,
        "vendor": {"in-house": Label("in-house", "自营")},
        "severity": _SEVERITIES,
        "method": _words(live="live|现场监听", recorded="recorded|录音质检"),
        "purpose": _PURPOSES,
        "nature": _NATURES,
        "kind": _KINDS,
        "system": _words(
            acd="switch (ACD)|排队机(ACD)",
            ivr="voice menu (IVR)|语音导航(IVR)",
            crm="CRM|客户系统(CRM)",
            network="network|网络",
        ),
        "excuse": _EXCUSES,
        "excuse_kind": _EXCUSES,
        "cost_kind": _COSTS,
        "attempt_outcome": _ATTEMPTS,
        "began": _MOVES,
        "ended": _MOVES,
        "setting": _SETTINGS,
        "contradictions": _CONTRADICTIONS,
        "source": _words(decision="decisions taken here|本系统内的管理决定"),
        "priority": _words(low="low|低", normal="normal|普通", high="high|高", urgent="urgent|紧急"),
    }
)
"""Column → code → what it is called."""
PARAMETERS: Mapping[str, Words] = MappingProxyType(
    {
        "attribution": _words(
            default="each metric's own|各指标自有",
            enter="enter|进入时段",
            answer="answer|应答时段",
            end="end|结束时段",
            spread="spread|分摊",
        ),
        "interval": _words(
            half_hour="half hour|半小时",
            hour="hour|小时",
            day="day|日",
            hour_of_day="hour of the day|每日时段",
            weekday_hour="hour of the week|每周时段",
            weekday_half_hour="half hour of the week|每周半小时",
            half_hour_of_day="half hour of the day|每日半小时",
        ),
        "compare": _words(previous="previous period|上期", last_year="same period last year|去年同期"),
        "profile": {code: each.label for code, each in PROFILES.items()},
    }
)
"""Parameter → value → what it is called."""
_BETWEEN = {"en": ", ", "zh": "、"}


def named(table: Mapping[str, Words], name: str, value: str, lang: Lang) -> str:
    """What a code is called, each code of a list where it is one; the code itself where it has no name."""
    words = table.get(name) or table.get(name.rpartition("_")[2])  # complaint_state is a state
    if not words:
        return value
    label = words.get(value)
    if label is not None:
        return label.text(lang)
    parts = [part.strip() for part in value.split(",")]
    if not all(part in words for part in parts):
        return value
    return _BETWEEN[lang].join(words[part].text(lang) for part in parts)
