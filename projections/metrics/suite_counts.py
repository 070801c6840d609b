"""Counts that single reports need beside the dictionary: the voice menu by node, consults and requests, campaigns."""

from __future__ import annotations

from collections.abc import Mapping

from opsledger.projections.metrics.model import Amount, Attribution, Better, Label, Metric, Unit

Times = Mapping[Attribution, tuple[str, ...]]

_CALL = {Attribution.ENTER: ("started_at",)}
_LEG = {Attribution.ENTER: ("entered_at",), Attribution.ANSWER: ("answered_at",), Attribution.END: ("ended_at",)}

_WRAPPED = "wrapped_up AND ended_at IS NOT NULL"
_CONSULT = f"{_WRAPPED} AND nature = 'consult'"
_REQUEST = f"{_WRAPPED} AND nature = 'request'"
_HANDLE = "talk_ms + hold_ms + wrap_up_ms"
_REACHED = "connected_at IS NOT NULL AND answered"


def count(table: str, times: Times, code: str, label: Label, text: Label, where: str, better: Better = Better.NONE) -> Metric:
    """How many rows of a table meet a condition, at the first of ``times``."""
    amount = Amount(table, "1", where, times)
    return Metric(code, label, text, Unit.COUNT, better, amount, default=next(iter(times)), movable=table == "legs")


def ratio(table: str, times: Times, code: str, label: Label, text: Label, where: str, of: str, better: Better) -> Metric:
    """Rows that meet a condition ÷ rows that meet another, at the first of ``times``."""
    parts = Amount(table, "1", where, times), Amount(table, "1", of, times)
    return Metric(code, label, text, Unit.RATIO, better, *parts, next(iter(times)))


def _leg_count(code: str, label: Label, text: Label, where: str) -> Metric:
    amount = Amount("legs", "1", where, _LEG)
    return Metric(code, label, text, Unit.COUNT, Better.NONE, amount, default=Attribution.END, movable=True)


def _leg_ratio(code: str, label: Label, text: Label, where: str, of: str) -> Metric:
    parts = Amount("legs", "1", where, _LEG), Amount("legs", "1", of, _LEG)
    return Metric(code, label, text, Unit.RATIO, Better.HIGHER, *parts, Attribution.END, movable=True)


def _leg_mean(code: str, label: Label, text: Label, where: str) -> Metric:
    parts = Amount("legs", _HANDLE, where, _LEG), Amount("legs", "1", where, _LEG)
    return Metric(code, label, text, Unit.MS, Better.LOWER, *parts, Attribution.END, movable=True)


def _left_menu(code: str, label: Label, text: Label, where: str, better: Better = Better.NONE) -> Metric:
    return count("ivr_steps", _CALL, code, label, text, where, better)


IVR: tuple[Metric, ...] = (
    _left_menu(
        "node_entered",
        Label("entered here", "进入量"),
        Label(
            "Contacts that entered the voice menu, in the row of the first node that they reached.",
            "进入 IVR 的通话数,计入其到达的第一个节点所在行。",
        ),
        "entered",
    ),
    _left_menu(
        "node_served",
        Label("served, done", "自助完成"),
        Label(
            "Contacts finished in the voice menu (never queued, never answered by a person), in the row of their last node.",
            "在 IVR 内完成(未排队、未经人工)的通话数,计入最后到达的节点。",
        ),
        "outcome = 'self_served' AND NOT went_on",
        Better.HIGHER,
    ),
    _left_menu(
        "node_to_queue",
        Label("to a queue", "转人工"),
        Label(
            "Contacts that left the voice menu for a queue, in the row of their last node.",
            "由 IVR 转入人工排队的通话数,计入最后到达的节点。",
        ),
        "outcome = 'to_queue'",
    ),
    _left_menu(
        "node_to_voicemail",
        Label("to voicemail", "转留言"),
        Label(
            "Contacts that left the voice menu for a message, in the row of their last node.",
            "由 IVR 转入留言的通话数,计入最后到达的节点。",
        ),
        "outcome = 'voicemail'",
    ),
    _left_menu(
        "node_hung_up",
        Label("hung up", "中途挂机"),
        Label(
            "Contacts that hung up in the voice menu, in the row of their last node.",
            "在 IVR 内挂机的通话数,计入最后到达的节点。",
        ),
        "outcome = 'hung_up'",
        Better.LOWER,
    ),
    _left_menu(
        "node_left_otherwise",
        Label("left otherwise", "其他离开"),
        Label(
            "Contacts whose way out of the menu is not on record, or that finished there after they had been to a queue or "
            "a person; in the row of their last node.",
            "无离开记录,或经排队、人工后再在 IVR 内结束的通话数,计入最后到达的节点。",
        ),
        "left_here AND (outcome = '' OR (outcome = 'self_served' AND went_on))",
    ),
    ratio(
        "ivr_steps",
        _CALL,
        "node_hang_up_rate",
        Label("hung up, rate", "挂机率"),
        Label(
            "Contacts that hung up at the node ÷ times that it was reached; who reached none counts where they entered.",
            "在该节点挂机的通话数 ÷ 到达该节点的次数(未到达任何节点的,计入其进入处)。",
        ),
        "outcome = 'hung_up'",
        "node != '' OR entered OR outcome = 'hung_up'",
        Better.LOWER,
    ),
)

BUSINESS: tuple[Metric, ...] = (
    count(
        "calls",
        _CALL,
        "hot_topics",
        Label("inbound contacts", "来电量"),
        Label(
            "Inbound contacts by the category that they were wrapped up in.", "呼入的通话(联络)数,按事后处理时标注的业务分类。"
        ),
        "direction = 'inbound' AND category != ''",
    ),
    _leg_count(
        "legs_wrapped_up",
        Label("contacts classified", "已归类量"),
        Label("Answered legs wrapped up and classified, whatever their nature.", "已做事后处理并归类的段数(不论性质)。"),
        _WRAPPED,
    ),
    _leg_count(
        "consults",
        Label("consultations", "咨询量"),
        Label("Answered legs wrapped up as a consultation: a question answered.", "事后处理归为咨询(解答问题)的段数。"),
        _CONSULT,
    ),
    _leg_count(
        "requests",
        Label("requests", "受理申请量"),
        Label("Answered legs wrapped up as a request: business to be carried out.", "事后处理归为受理(为客户办理业务)的段数。"),
        _REQUEST,
    ),
    _leg_count(
        "requests_accepted",
        Label("carried out", "受理成功量"),
        Label("Requests that were carried out.", "已受理成功的业务数。"),
        f"{_REQUEST} AND accepted = true",
    ),
    _leg_count(
        "requests_refused",
        Label("not carried out", "未受理量"),
        Label("Requests that were not carried out.", "未受理的业务数。"),
        f"{_REQUEST} AND accepted = false",
    ),
    _leg_ratio(
        "consults_settled",
        Label("settled at first contact (agent's mark)", "一次解决率(座席标记)"),
        Label(
            "Consultations marked as settled at first contact ÷ consultations that carry a mark.",
            "标记为一次解决的咨询 ÷ 有标记的咨询。",
        ),
        f"{_CONSULT} AND resolved = true",
        f"{_CONSULT} AND resolved IS NOT NULL",
    ),
    _leg_mean(
        "avg_consult_handle",
        Label("average handle time", "平均处理时长"),
        Label("Talk + hold + wrap-up of consultations ÷ their number.", "咨询的通话 + 保持 + 事后处理时长 ÷ 咨询量。"),
        _CONSULT,
    ),
    _leg_mean(
        "avg_request_handle",
        Label("average handle time", "平均处理时长"),
        Label("Talk + hold + wrap-up of requests ÷ their number.", "受理的通话 + 保持 + 事后处理时长 ÷ 受理申请量。"),
        _REQUEST,
    ),
)


def _campaign(code: str, label: Label, text: Label, where: str, better: Better = Better.NONE) -> Metric:
    return count("campaign_calls", _CALL, code, label, text, where, better)


def _campaign_ratio(code: str, label: Label, text: Label, where: str, of: str) -> Metric:
    return ratio("campaign_calls", _CALL, code, label, text, where, of, Better.HIGHER)


_DIALLED = Label(
    "Outbound contacts dialled for a campaign; where no contact on record names its campaign, all outbound contacts, by "
    "the category that they were wrapped up in (which those that nobody answered have not).",
    "为专项活动外呼的联络数;数据源不提供专项名称时为全部外呼,按事后处理的业务分类计(未接通者无分类)。",
)

CAMPAIGNS: tuple[Metric, ...] = (
    _campaign("campaign_dialled", Label("dialled", "外呼量"), _DIALLED, ""),
    _campaign(
        "campaign_connected",
        Label("connected", "接通量"),
        Label("Outbound contacts that the customer answered.", "客户应答的外呼数。"),
        "connected_at IS NOT NULL",
        Better.HIGHER,
    ),
    _campaign_ratio(
        "campaign_connect_rate",
        Label("connect rate", "接通率"),
        Label("Outbound contacts that the customer answered ÷ outbound contacts dialled.", "接通量 ÷ 外呼量。"),
        "connected_at IS NOT NULL",
        "",
    ),
    _campaign(
        "campaign_reached",
        Label("reached", "触达量"),
        Label("Outbound contacts in which an agent spoke with the customer.", "座席与客户实际通话的外呼数。"),
        _REACHED,
        Better.HIGHER,
    ),
    _campaign(
        "campaign_accepted",
        Label("accepted", "接受量"),
        Label("Of those reached, customers who took the offer (request carried out).", "触达客户中接受(业务已受理)的数量。"),
        f"{_REACHED} AND accepted = true",
        Better.HIGHER,
    ),
    _campaign(
        "campaign_refused",
        Label("refused", "拒绝量"),
        Label("Of those reached, customers who declined the offer.", "触达客户中拒绝的数量。"),
        f"{_REACHED} AND accepted = false",
        Better.LOWER,
    ),
    _campaign(
        "campaign_undecided",
        Label("no answer on record", "未表态"),
        Label("Of those reached, customers whose answer is not on record.", "触达客户中无结果记录的数量。"),
        f"{_REACHED} AND accepted IS NULL",
    ),
    _campaign_ratio(
        "campaign_accept_rate",
        Label("acceptance rate", "接受率"),
        Label("Customers who took the offer ÷ customers reached.", "接受量 ÷ 触达量。"),
        f"{_REACHED} AND accepted = true",
        _REACHED,
    ),
    Metric(
        "campaign_avg_talk",
        Label("average talk", "平均通话时长"),
        Label("Talk of the contacts reached ÷ their number.", "触达通话的时长 ÷ 触达量。"),
        Unit.MS,
        Better.NONE,
        Amount("campaign_calls", "talk_ms", _REACHED, _CALL),
        Amount("campaign_calls", "1", _REACHED, _CALL),
    ),
)
