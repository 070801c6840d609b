-- 通话时间线 · One row a call: its events put in order, its queue entries matched, its legs cut.
-- Not a fact table: what calls.sql and legs.sql both stand on, given to them under the name `call_timelines`.
--
-- Order of events: (occurred_at, order of the types in the catalogue, event_id), never the order of the log; one row per event_id.
-- Queue entries. A closer (call.left_queue, call.answered) ends the latest entry of its queue that is still open.
--   * An answer without a queue counts as one from the queue entered last; where no entry is open there, it is a direct answer.
--   * A closer that names a queue and finds no entry open is an entry of its own with a wait of 0.
--   * The one exception: where the next step of that queue after such an answer is a call.queued that nothing else closes, and no
--     release, transfer or end lies between, the two belong together, with a negative wait (the clocks of two systems).
--   An entry's rings are those between its queueing and its close; with several entries open at once they count in each.
-- Legs. A leg ends at the first of: call.released by its agent, call.transferred from its agent, call.ended.
--   Holds, transfers and wrap-ups belong to their agent's latest answer before them. A hold begins at the first call.held and ends
--   at the first call.resumed after it, at the latest with the leg; in a leg that is still open only holds that ended count.
-- All of it is sorting and looking at neighbours, so a call of many thousand events costs no more than n log n.
WITH
    ordered AS
    (
        SELECT
            tenant,
            subject AS call,
            toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
            max(offset) AS last_offset,
            argMinIf(
                (occurred_at, toString(direction), toString(channel), toString(hotline), toString(customer), toString(campaign)),
                (occurred_at, event_id), type = 'call.offered'
            )::Tuple(
                at DateTime64(6, 'UTC'), direction String, channel String, hotline String, customer String, campaign String) AS offer,
            groupArray((offset, occurred_at)) AS log,
            argMaxIf((given, score, scale, satisfied), (occurred_at, event_id), type = 'call.surveyed')
                ::Tuple(given Nullable(Bool), score Nullable(Decimal(18, 4)), scale Nullable(Decimal(18, 4)), satisfied Nullable(Bool)) AS survey,
            arrayCompact(e -> e.id, arraySort(groupArray(
                (
                    occurred_at, toString(type), event_id, vendor, queue, if(type = 'call.transferred', from_agent, agent),
                    coalesce(priority, length_ms, ring_ms),
                    multiIf(
                        type = 'call.transferred', to_kind, type IN ('call.left_queue', 'call.ring_missed'), reason, type = 'call.ended', by,
                        type = 'call.ivr_left', outcome, nature),
                    if(type = 'call.transferred', to, category), mode, started_at, accepted, resolved
                )::Tuple(
                    at DateTime64(6, 'UTC'),
                    -- in the order of the catalogue: it breaks ties in time
                    type Enum8(
                        'call.offered' = 1, 'call.ivr_entered' = 2, 'call.ivr_selected' = 3, 'call.ivr_left' = 4, 'call.connected' = 5,
                        'call.queued' = 6, 'call.rung' = 7, 'call.ring_missed' = 8, 'call.answered' = 9, 'call.held' = 10,
                        'call.resumed' = 11, 'call.transferred' = 12, 'call.conferenced' = 13, 'call.released' = 14,
                        'call.left_queue' = 15, 'call.voicemail_left' = 16, 'call.ended' = 17, 'call.wrapped_up' = 18,
                        'call.surveyed' = 19),
                    id UUID, vendor String, queue String, agent String, number Nullable(Int64), detail String, target String,
                    mode String, started_at Nullable(DateTime64(6, 'UTC')), accepted Nullable(Bool), resolved Nullable(Bool))
            ))) AS events
        FROM call_events
        GROUP BY tenant, subject
    ),
    placed AS
    (
        SELECT
            *,
            arrayEnumerate(events) AS places,
            arrayCumSum(arrayMap(e -> toUInt32(e.type = 'call.rung'), events)) AS rung,
            arrayCumSum(arrayMap(e -> toUInt32(e.type = 'call.ring_missed'), events)) AS missed,
            -- how many releases, transfers and ends came before: two events of one era have none between them
            arrayCumSum(arrayMap(e -> toUInt32(e.type IN ('call.released', 'call.transferred', 'call.ended')), events)) AS eras,
            arrayFill(queue -> queue != '', arrayMap(e -> if(e.type = 'call.queued', e.queue, ''), events)) AS entered_last,
            -- the first call.ended at or after each event; place 0: none
            arrayReverseFill(
                x -> x.place > 0,
                arrayMap((e, place) -> (if(e.type = 'call.ended', place, 0), e.at)::Tuple(place UInt32, at DateTime64(6, 'UTC')), events, places)
            ) AS next_end
        FROM ordered
    ),
    -- Queue entries as brackets: sign +1 enters, -1 closes. The level of a closer is that of the entry that it closes, so within
    -- one (queue, level) the two take turns and a closer's entry is the element before it.
    stepped AS
    (
        SELECT
            * EXCEPT (rung, missed, eras, entered_last),
            rung[-1] AS all_rung,
            missed[-1] AS all_missed,
            arraySort(s -> (s.queue, s.place), arrayFilter(s -> s.sign != 0, arrayMap(
                (e, place, rung, missed, era, entered_last) ->
                (
                    if(e.type = 'call.answered' AND e.queue = '', entered_last, e.queue), place,
                    multiIf(e.type = 'call.queued', 1, e.type IN ('call.left_queue', 'call.answered'), -1, 0),
                    (era, rung, missed, e.type = 'call.answered', e.queue, e.at, e.vendor, e.agent, e.number, e.detail)
                )::Tuple(
                    queue String, place UInt32, sign Int8,
                    e Tuple(
                        era UInt32, rung UInt32, missed UInt32, answers Bool, queue String, at DateTime64(6, 'UTC'), vendor String,
                        agent String, number Nullable(Int64), detail String)),
                events, places, rung, missed, eras, entered_last
            ))) AS steps
        FROM placed
    ),
    levelled AS
    (
        SELECT
            * EXCEPT (steps),
            arraySort(b -> (b.queue, b.level, b.place), arrayMap(
                (s, sum, turn) -> (s.queue, sum + (s.sign < 0), turn, s.place, s.sign, s.e)::Tuple(
                    queue String, level Int32, turn UInt32, place UInt32, sign Int8,
                    e Tuple(
                        era UInt32, rung UInt32, missed UInt32, answers Bool, queue String, at DateTime64(6, 'UTC'), vendor String,
                        agent String, number Nullable(Int64), detail String)),
                steps, arrayCumSum(arrayMap(s -> toInt32(s.sign), steps)), arrayEnumerate(steps)
            )) AS brackets
        FROM stepped
    ),
    paired AS
    (
        SELECT
            *,
            -- this and the next are entry and closer
            arrayMap((x, y) -> x.sign = 1 AND y.sign = -1 AND x.queue = y.queue AND x.level = y.level, brackets, arrayShiftLeft(brackets, 1)) AS closed_by_next
        FROM levelled
    ),
    paired_early AS
    (
        SELECT
            *,
            arrayShiftRight(closed_by_next, 1) AS closes,
            -- this answer and the entry right after it belong together, with a negative wait
            arrayMap(
                (x, y, x_closes, y_is_closed) -> NOT x_closes AND NOT y_is_closed AND x.sign = -1 AND y.sign = 1 AND x.e.answers AND x.e.queue != ''
                    AND x.queue = y.queue AND y.turn = x.turn + 1 AND x.e.era = y.e.era,
                brackets, arrayShiftLeft(brackets, 1), arrayShiftRight(closed_by_next, 1), arrayShiftLeft(closed_by_next, 1)
            ) AS answers_next
        FROM paired
    ),
    told AS
    (
        SELECT
            *,
            arrayMap(
                (x, before, after, x_closes, x_answers_next) ->
                (
                    multiIf(x.sign = 1, x.e, x_closes, before.e, x_answers_next, after.e, x.e),
                    x.sign = 1 OR x_closes OR x_answers_next,
                    x.sign = -1, x.e, if(x.sign = -1, x.place, 0),
                    multiIf(x.sign = 1, x.place, x_closes, before.place, x_answers_next, after.place, x.place),
                    x.queue
                )::Tuple(
                    entry Tuple(
                        era UInt32, rung UInt32, missed UInt32, answers Bool, queue String, at DateTime64(6, 'UTC'), vendor String,
                        agent String, number Nullable(Int64), detail String),
                    queued Bool, closed Bool,
                    close Tuple(
                        era UInt32, rung UInt32, missed UInt32, answers Bool, queue String, at DateTime64(6, 'UTC'), vendor String,
                        agent String, number Nullable(Int64), detail String),
                    closed_place UInt32, entered_place UInt32, queue String),
                brackets, arrayShiftRight(brackets, 1), arrayShiftLeft(brackets, 1), closes, answers_next
            ) AS all_pairs
        FROM paired_early
    ),
    -- An agent's doings in order, each with the first call.released of, or call.transferred from, that agent at or after it.
    acted AS
    (
        SELECT
            * EXCEPT (brackets, closed_by_next, closes, answers_next, all_pairs),
            -- an entry that is closed is told of by its closer
            arrayFilter((p, is_closed, is_answered) -> NOT is_closed AND NOT is_answered, all_pairs, closed_by_next, arrayShiftRight(answers_next, 1)) AS pairs,
            arrayMap(
                p -> (p.queue, p.entry.at, p.closed, p.close.at)::Tuple(
                    queue String, queued_at DateTime64(6, 'UTC'), closed Bool, closed_at DateTime64(6, 'UTC')),
                arraySort(p -> p.entered_place, arrayFilter(p -> p.queued, pairs))
            ) AS entries,
            arraySort(a -> (a.agent, a.place), arrayMap(
                x -> (x.1.agent, x.2, x.1.type, x.1.at, x.1.detail, x.1.target, x.1.mode, coalesce(x.1.started_at, x.1.at), x.1.accepted, x.1.resolved, x.3)
                    ::Tuple(
                        agent String, place UInt32, type String, at DateTime64(6, 'UTC'), detail String, target String, mode String,
                        started_at DateTime64(6, 'UTC'), accepted Nullable(Bool), resolved Nullable(Bool),
                        next_end Tuple(place UInt32, at DateTime64(6, 'UTC'))),
                arrayFilter(
                    x -> x.1.type IN ('call.answered', 'call.held', 'call.resumed', 'call.transferred', 'call.released', 'call.wrapped_up'),
                    arrayZip(events, places, next_end))
            )) AS acts
        FROM told
    ),
    stopped AS
    (
        SELECT
            *,
            arrayMap(
                (a, going) ->
                if(
                    going.agent = a.agent AND going.type IN ('call.released', 'call.transferred') AND (a.next_end.place = 0 OR going.place < a.next_end.place),
                    (going.place, going.at, if(going.type = 'call.released', 'released', 'transfer')),
                    (a.next_end.place, a.next_end.at, if(a.next_end.place > 0, 'ended', 'open'))
                )::Tuple(place UInt32, at DateTime64(6, 'UTC'), kind String),
                acts, arrayReverseFill(a -> a.type IN ('call.released', 'call.transferred'), acts)
            ) AS stops
        FROM acted
    ),
    -- One element an answer, whose doings go on to the same agent's next answer.
    served AS
    (
        SELECT
            * EXCEPT (acts, stops),
            arrayFilter(a -> a.type = 'call.answered', acts) AS answers,
            arrayFilter((stop, a) -> a.type = 'call.answered', stops, acts) AS answer_stops,
            arrayMap(
                (doings, agent) -> arrayFilter(x -> x.agent = agent, doings),
                arrayFilter(doings -> doings[1].type = 'call.answered', arraySplit(a -> a.type = 'call.answered', acts)),
                arrayFilter(a -> a.type = 'call.answered', acts).agent
            ) AS doings
        FROM stopped
    ),
    held AS
    (
        SELECT
            *,
            arrayMap(
                (own, stop_place) -> arrayCompact(x -> x.type, arrayFilter(
                    x -> x.type IN ('call.held', 'call.resumed') AND (stop_place = 0 OR x.place < stop_place), own)),
                doings, answer_stops.place
            ) AS switches,
            arrayMap(own -> arrayFilter(x -> x.type = 'call.wrapped_up', own), doings) AS wraps
        FROM served
    ),
    serviced AS
    (
        SELECT
            * EXCEPT (answers, answer_stops, doings, switches, wraps),
            arrayMap(
                (answer, stop, own, hold, wrap) ->
                (
                    answer.place, stop,
                    arraySum(x -> if(x.type = 'call.resumed', 1, -1) * toUnixTimestamp64Micro(x.at), hold)
                        + if(hold[-1].type = 'call.held', toUnixTimestamp64Micro(if(stop.place > 0, stop.at, hold[-1].at)), 0),
                    countEqual(hold.type, 'call.held'),
                    arrayFirst(x -> x.type = 'call.transferred', own).detail,
                    arrayFirst(x -> x.type = 'call.transferred', own).mode,
                    arrayFilter(x -> x.type = 'call.transferred', own).place,
                    length(wrap),
                    arraySum(x -> toUnixTimestamp64Micro(x.at) - toUnixTimestamp64Micro(x.started_at), wrap),
                    wrap[1].started_at, wrap[-1].at, (wrap[-1].target, wrap[-1].detail, wrap[-1].accepted, wrap[-1].resolved)
                )::Tuple(
                    place UInt32, stop Tuple(place UInt32, at DateTime64(6, 'UTC'), kind String), hold_us Int64, holds UInt16,
                    transferred_to String, transfer_mode String, transfers Array(UInt32), wraps UInt16, wrap_us Int64, wrap_started_at DateTime64(6, 'UTC'),
                    wrap_ended_at DateTime64(6, 'UTC'),
                    wrap Tuple(category String, nature String, accepted Nullable(Bool), resolved Nullable(Bool))),
                answers, answer_stops, doings, arrayMap(x -> if(x[1].type = 'call.resumed', arrayPopFront(x), x), switches), wraps
            ) AS services
        FROM held
    ),
    -- Each answer is the closer of exactly one pair: sorted by its place, pairs and services are the same list.
    joined AS
    (
        SELECT
            * EXCEPT (pairs, services),
            arraySort(x -> x.2.entered_place, arrayZip(
                arrayResize(arraySort(s -> s.place, services), length(pairs)),
                arraySort(p -> (NOT p.close.answers, p.closed_place), pairs))) AS both
        FROM serviced
    )
SELECT
    tenant,
    call,
    first_day,
    last_offset,
    -- recorded in another order than they happened, or one of them more than once
    length(arrayDistinct(events.id)) < length(log) OR arrayMin(arrayDifference(arraySort(log).2)) < 0 AS tangled,
    offer,
    survey,
    events,
    -- where it waited, in the order of entering: enough for the rings, and far cheaper than its legs
    entries,
    arrayMap(
        x ->
        (
            if(x.2.closed AND x.2.close.answers, x.2.close.vendor, x.2.entry.vendor),
            if(x.2.queued OR x.2.close.queue != '', x.2.queue, ''),
            x.2.queued OR x.2.close.queue != '',
            if(x.2.queued, x.2.entry.at, x.2.close.at),
            if(x.2.queued, x.2.entry.at, NULL),
            if(x.2.closed AND x.2.close.answers, x.2.close.at, NULL),
            if(x.2.closed AND NOT x.2.close.answers, x.2.close.at, NULL),
            multiIf(NOT x.2.closed, 'waiting', x.2.close.answers, 'answered', x.2.close.detail),
            multiIf(
                x.2.queued AND x.2.closed, intDiv(toUnixTimestamp64Micro(x.2.close.at) - toUnixTimestamp64Micro(x.2.entry.at), 1000),
                x.2.closed AND x.2.close.queue != '', 0,
                NULL),
            x.2.close.agent,
            if(x.1.stop.place > 0, x.1.stop.at, NULL),
            x.1.stop.kind,
            if(x.1.stop.place > 0, intDiv(toUnixTimestamp64Micro(x.1.stop.at) - toUnixTimestamp64Micro(x.2.close.at) - x.1.hold_us, 1000), 0),
            intDiv(x.1.hold_us, 1000),
            x.1.holds,
            x.1.wraps,
            intDiv(x.1.wrap_us, 1000),
            if(x.1.wraps > 0, x.1.wrap_started_at, NULL),
            if(x.1.wraps > 0, x.1.wrap_ended_at, NULL),
            x.1.wrap,
            x.1.transferred_to,
            x.1.transfer_mode,
            x.1.transfers,
            multiIf(NOT x.2.queued, 0, x.2.closed, greatest(toInt64(x.2.close.rung) - x.2.entry.rung, 0), all_rung - x.2.entry.rung),
            multiIf(NOT x.2.queued, 0, x.2.closed, greatest(toInt64(x.2.close.missed) - x.2.entry.missed, 0), all_missed - x.2.entry.missed),
            if(x.2.queued, x.2.entry.number, NULL)
        )::Tuple(
            vendor String, queue String, is_entry Bool, entered_at DateTime64(6, 'UTC'), queued_at Nullable(DateTime64(6, 'UTC')),
            answered_at Nullable(DateTime64(6, 'UTC')), left_at Nullable(DateTime64(6, 'UTC')), outcome String, wait_ms Nullable(Int64),
            agent String, ended_at Nullable(DateTime64(6, 'UTC')), end_kind String, talk_ms Int64, hold_ms Int64, holds UInt16,
            wraps UInt16, wrap_up_ms Int64, wrap_started_at Nullable(DateTime64(6, 'UTC')), wrap_ended_at Nullable(DateTime64(6, 'UTC')),
            wrap Tuple(category String, nature String, accepted Nullable(Bool), resolved Nullable(Bool)),
            transferred_to String, transfer_mode String, transfers Array(UInt32), rings UInt16, rings_missed UInt16, priority Nullable(Int64)),
        both
    ) AS legs
FROM joined
