"""The field's words: for every stream, field and choice of the catalogue what it is called in English and in 中文."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Word:
    """A term as people say it: in English and in Chinese."""

    en: str
    zh: str


def _words(text: str) -> Mapping[str, Word]:
    """``code | English | 中文``, one a line."""
    rows = (line.split(" | ") for line in text.strip().splitlines())
    return MappingProxyType({code.strip(): Word(en.strip(), zh.strip()) for code, en, zh in rows})


STREAM_WORDS: Mapping[str, Word] = _words("""
    call | call | 通话
    ticket | ticket | 工单
    callback | callback | 回访
    complaint | complaint | 投诉
    penalty | penalty | 扣罚
    award | award | 奖励
    shift | shift | 班次
    evaluation | evaluation | 质检
    fault | fault | 故障
    staff | staff | 人员
    cost | cost | 成本
    report | report | 报告
    contract | contract | 合同
    tenant | tenant | 甲方
    queue | queue | 技能组
    period | period | 结算期
    record | source record | 源记录
""")
"""Stream → what a thing of it is called."""

FIELD_WORDS: Mapping[str, Word] = _words("""
    accepted | request carried out | 是否受理
    accurate | accurate | 是否准确
    agent | agent | 座席
    amount | amount | 金额
    assignee | assignee | 处理人
    business | business | 投诉业务
    by | by | 操作方
    calendar | working calendar | 工作日历
    call | call | 通话
    campaign | campaign | 专项活动
    category | business category | 业务分类
    cause | cause | 结束原因
    channel | channel | 渠道
    checker | checker | 复核人
    complaint | complaint | 投诉
    content | content | 投诉内容
    contract | contract | 合同
    currency | currency | 币种
    customer | customer | 客户
    cutoff | cutoff | 截止时间
    deduction | points off each time | 每次扣分
    department | department | 责任部门
    direction | direction | 呼叫方向
    due_at | due at | 应完成时间
    effective_from | effective from | 生效时间
    ends_at | ends at | 结束时间
    evaluator | evaluator | 质检员
    events | events | 事件数
    evidence | evidence | 依据事件
    extension | extension | 分机号
    findings | findings | 调查结果
    flow | IVR flow | IVR流程
    form | scoring form | 评分表
    from_agent | from agent | 转出座席
    given | rating given | 是否评价
    hotline | hotline | 热线
    input | key pressed | 按键
    internal | about our own service | 是否内部投诉
    item | item of the form | 评分项
    items | items lost | 扣分项
    kind | kind | 种类
    late_events | late events | 迟到事件数
    length_ms | length | 时长
    liable | liable | 是否有责
    maker | maker | 制单人
    method | method | 监听方式
    mode | mode | 转接方式
    month | month | 月份
    name | name | 名称
    nature | nature of the contact | 通话性质
    node | IVR node | IVR节点
    opening_hours | opening hours | 服务时间
    outcome | outcome | 结果
    part | part | 部分序号
    parts | number of parts | 部分总数
    party | party | 对方
    party_id | party's id | 对方编号
    period | period | 结算期
    position | position in the queue | 排队位置
    priority | priority | 优先级
    purpose | purpose | 回访目的
    quantity | quantity | 数量
    queue | queue | 技能组
    reason | reason | 原因
    report | report | 报告
    resolved | settled at first contact | 是否一次解决
    ring_ms | ringing time | 振铃时长
    rule | contract rule | 合同条款
    satisfied | satisfied | 是否满意
    scale | highest rating | 评分上限
    score | score | 得分
    seats | seats | 席位数
    setting | setting | 设置项
    severity | severity | 严重程度
    source | source | 来源
    sources | sources of the evidence | 依据来源
    staff_number | staff number | 工号
    started_at | started at | 开始时间
    starts_at | starts at | 开始时间
    state | state | 状态
    statement_digest | digest of the statement | 结算单摘要
    system | system | 系统
    targets | targets per metric | 指标目标
    team | team | 班组
    terms | terms | 合同条款内容
    ticket | ticket | 工单
    times | times | 次数
    to | to | 转往
    to_kind | kind of target | 转往类型
    unit_amount | unit amount | 单价
    value | value | 值
    vendor | vendor | 外包公司
    zone | time zone | 时区
""")
"""Name of a data field → its term."""

CHOICE_WORDS: Mapping[str, Word] = _words("""
    abandoned | abandoned | 放弃
    agent | agent | 座席
    attended | attended | 咨询转
    away | away | 离席
    blind | blind | 直接转
    break | break | 小休
    busy | busy | 示忙
    callback | callback | 回电
    chat | chat | 在线
    closed | closed | 非服务时间
    complaint | complaint | 投诉
    configuration | configuration reloaded | 配置重载
    consult | consult | 咨询
    critical | critical | 紧急
    customer | customer | 客户
    diverted | diverted | 分流
    email | e-mail | 邮件
    external | external | 外线
    fault | fault | 故障
    fax | fax | 传真
    full | queue full | 队列已满
    general | general | 一般
    holding | holding | 保持
    hung_up | hung up | 挂断
    idle | idle | 空闲
    inbound | inbound | 呼入
    ivr | IVR | IVR
    join_empty | no agents at entry | 无座席拒入
    key | left by key | 按键退出
    leave | leave | 请假
    leave_empty | no agents while waiting | 无座席退出
    letter | letter | 信函
    live | live | 实时
    major | major | 重大
    meeting | meeting | 会议
    minor | minor | 轻微
    new_install | new installation | 新装
    no_answer | no answer | 无人接听
    other | other | 其他
    outbound | outbound | 呼出
    penalty | member's penalty | 座席优先级
    phone | telephone | 电话
    promise | promise | 承诺
    queue | queue | 技能组
    reached | reached | 接通
    recorded | recorded | 录音
    refused | refused | 拒访
    rejected | rejected | 拒接
    relocation | relocation | 移机
    repair | repair | 修障
    request | request | 受理
    ring_in_use | ring in use | 通话中振铃
    ringing | ringing | 振铃
    self_served | self-served | 自助完成
    severe | severe | 严重
    sick | sick | 病假
    start | start | 启动
    survey | survey | 调查
    system | system | 系统
    talking | talking | 通话
    timeout | timeout | 超时
    to_queue | to a queue | 转人工
    training | training | 培训
    vendor | vendor | 外包公司
    voicemail | voicemail | 留言
    web | web | 网站
    withdrawn | withdrawn | 撤出
    wrap_up | wrap-up | 事后处理
    wrong_number | wrong number | 号码错误
""")
"""Value of a choice → its term."""
