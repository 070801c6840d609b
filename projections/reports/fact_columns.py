"""How the columns of facts are called where the rows behind a figure are listed, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from opsledger.projections.metrics.model import Label, Unit
from opsledger.projections.reports.model import TEXT, TIME

_TEXTS = """
call|call|通话
leg|leg|段
shift|shift|班次
ticket|ticket|工单
callback|callback|回访
complaint|complaint|投诉
evaluation|evaluation|质检
fault|fault|故障
penalty|penalty|扣罚
award|award|奖励
cost|cost|成本
submission|submission|报表提交
contract|contract|合同
rule|rule|条款
n|no.|序号
seat|seat|席位
campaign|campaign|专项活动
name|name|姓名
staff_number|staff number|工号
vendor|vendor|外包公司
direction|direction|方向
channel|channel|渠道
hotline|hotline|热线
customer|customer|客户
agent|agent|座席
team|team|班组
first_agent|first agent|首位座席
queue|queue|技能组
first_queue|first queue|首个技能组
from_queue|from queue|转出技能组
from_agent|from agent|转出座席
to_kind|to (kind)|转入类型
to|to|转入
mode|mode|转接方式
flow|flow|流程
node|node|节点
input|key pressed|按键
ivr_outcome|end of the IVR|IVR 结果
outcome|outcome|结果
state|state|状态
reason|reason|原因
kind|kind|类型
category|category|业务分类
nature|nature|性质
priority|priority|优先级
department|department|责任部门
assignee|assignee|处理人
purpose|purpose|回访类型
business|business|业务
content|content|内容
severity|severity|严重程度
method|method|质检方式
form|form|评分表
evaluator|evaluator|质检员
system|system|系统
party|party|扣罚对象
party_id|party's id|对象编号
currency|currency|币种
period|period|账期
settled_period|settled in|结算账期
report|report|报表
excused|excused|请假
flag|flag|标记
began|began by|入队方式
ended|ended by|离队方式
end_kind|ended by way of|段结束方式
transferred_to|transferred to|转接到
ended_by|ended by|挂断方
"""
_TIMES = """
started_at|began|开始时间
raised_at|raised|发生时间
filed_at|filed|登记时间
opened_at|opened|创建时间
requested_at|requested|申请时间
sampled_at|sampled|抽样时间
assessed_at|assessed|认定时间
granted_at|granted|授予时间
submitted_at|submitted|提交时间
recorded_at|recorded|记录时间
from_at|from|起
until_at|until|止
at|at|时间
starts_at|begins|开始
opens_at|opens|开门时间
closes_at|closes|关门时间
ends_at|ends|结束
signed_in_at|signed in|签入
signed_out_at|signed out|签出
ivr_entered_at|entered the IVR|进入 IVR
ivr_left_at|left the IVR|离开 IVR
entered_at|entered the queue|进入排队
queued_at|queued|排队
left_at|left the queue|离开排队
connected_at|connected|接通
answered_at|answered|应答时间
ended_at|ended|结束时间
wrap_started_at|wrap-up began|话后开始
wrap_ended_at|wrap-up ended|话后结束
due_at|due|到期时间
dispatched_at|dispatched|派单时间
accepted_at|accepted|接单时间
first_attempt_at|first attempt|首次拨打
reached_at|reached|接触时间
completed_at|completed|完成时间
investigated_at|investigated|调查时间
adjudicated_at|adjudicated|判定时间
scored_at|scored|评分时间
approved_at|approved|审批时间
disputed_at|disputed|申诉时间
appealed_at|appealed|申诉时间
decided_at|decided|裁定时间
settled_at|settled|结算时间
revoked_at|revoked|撤销时间
resolved_at|resolved|完成时间
first_resolved_at|first resolved|首次完成
cancelled_at|cancelled|取消时间
voided_at|voided|作废时间
withdrawn_at|withdrawn|撤诉时间
cleared_at|cleared|恢复时间
"""
_DURATIONS = """
ivr_ms|in the IVR|IVR 时长
wait_ms|wait|等待
ring_ms|rang|振铃时长
talk_ms|talk|通话时长
hold_ms|hold|保持
wrap_up_ms|wrap-up|事后处理
voicemail_ms|message|留言时长
"""
_COUNTS = """
holds|holds|保持次数
rings|rings|振铃次数
rings_missed|rings missed|未接振铃
attempts|attempts|拨打次数
returns|returns|退单
urges|urgings|催单
reopens|reopenings|重开
"""
_DECIMALS = """
score|score|得分
scale|out of|满分
quantity|quantity|数量
unit_amount|unit amount|单价
assessed_amount|assessed amount|认定金额
amount|amount|金额
"""
_FLAGS = """
offered|offered|已呈现
answered|answered by a person|人工应答
open|still open|未结束
survey_given|survey given|已评价
satisfied|satisfied|满意
accepted|request accepted|受理
resolved|resolved at once|一次解决
missed|missed|未接
called_back|called back|已回拨
repeated|called again|重复来电
internal|about our service|内部投诉
liable|liable|有责
checked|checked|已核查
accurate|accurate|准确
reached|reached|已接触
"""
_FLAG = "flag"


def _read(text: str, unit: str) -> dict[str, tuple[str, Label]]:
    found = [line.split("|") for line in text.strip().splitlines()]
    return {name: (unit, Label(en, zh)) for name, en, zh in found}


FACT_COLUMNS: Mapping[str, tuple[str, Label]] = MappingProxyType(
    _read(_TIMES, TIME)
    | _read(_TEXTS, TEXT)
    | _read(_DURATIONS, Unit.MS.value)
    | _read(_COUNTS, Unit.COUNT.value)
    | _read(_DECIMALS, Unit.POINTS.value)
    | _read(_FLAGS, _FLAG)
)
"""Column of a fact table or of a view on one → unit and title. What is not named is not shown."""
