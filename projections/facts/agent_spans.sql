-- 座席状态段 · One row a stretch of time that an agent spent in one state, from the shift's own events.
-- Session: from a sign-in to the sign-out. Signing in to a further queue prolongs it, and it lasts until the last queue is signed out;
--   a sign-out without a queue ends all. A sign-in to the same queue again, or one without a queue, ends what is open and begins anew.
--   Where a shift has states and no sign-in at all, its first state begins the session.
-- States: 'idle' from the sign-in to the first shift.state_changed. Stretches of no length are left out, and so are states outside.
-- A session that nobody signed out of ends at the first of: the next sign-in; the shift's end or its last state change, whichever is
--   later; 16 hours. Its last stretch carries the flag that says which. So ends_at is always known, and may lie in the future: who
--   reads with a cutoff takes the earlier of the two. No clock is asked here: the same events give the same rows at any time.
WITH
    ordered AS
    (
        SELECT
            tenant,
            subject AS shift,
            toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
            max(offset) AS last_offset,
            argMaxIf((toString(team), ends_at), (occurred_at, event_id), type = 'shift.scheduled')
                ::Tuple(team String, ends_at Nullable(DateTime64(6, 'UTC'))) AS plan,
            arrayCompact(e -> e.id, arraySort(groupArrayIf(
                (
                    occurred_at, indexOf(['shift.signed_in', 'shift.state_changed', 'shift.signed_out'], toString(type)), event_id,
                    type, vendor, agent, queue, if(type = 'shift.state_changed', state, 'idle'), reason
                )::Tuple(
                    at DateTime64(6, 'UTC'), rank UInt8, id UUID, type String, vendor String, agent String, queue String, state String,
                    reason String),
                type IN ('shift.signed_in', 'shift.state_changed', 'shift.signed_out')
            ))) AS events
        FROM shift_events
        GROUP BY tenant, subject
    ),
    placed AS
    (
        SELECT
            *,
            arrayEnumerate(events) AS places,
            if(has(events.type, 'shift.signed_in'), 0, indexOf(events.type, 'shift.state_changed')) AS first_state,
            arrayMap((e, place) -> e.type = 'shift.signed_in' OR place = first_state, events, places) AS enters,
            -- the first sign-in or sign-out without a queue after each event; 0: none
            arrayShiftLeft(arrayReverseFill(place -> place > 0, arrayMap(
                (e, place) -> if(e.type != 'shift.state_changed' AND e.queue = '', place, 0), events, places)), 1) AS next_of_all,
            arraySort(d -> (d.queue, d.place), arrayFilter(d -> d.is_door, arrayMap(
                (e, place, enter, next_of_all) -> (if(place = first_state, '', e.queue), place, enter, e.type != 'shift.state_changed' OR enter, next_of_all)
                    ::Tuple(queue String, place UInt32, enters Bool, is_door Bool, next_of_all UInt32),
                events, places, enters, next_of_all
            ))) AS doors
        FROM ordered
    ),
    marked AS
    (
        SELECT
            * EXCEPT (places, enters, next_of_all, doors),
            arrayMap(
                (d, following) -> arrayMin(arrayFilter(place -> place > 0, [if(following.queue = d.queue, following.place, 0), d.next_of_all, 4294967295])),
                doors, arrayShiftLeft(doors, 1)
            ) AS exits,
            -- order within one event: what ends, what begins, the state
            arraySort(m -> (m.place, m.turn), arrayConcat(
                arrayMap((d, exit) -> (exit, 1, -1), arrayFilter(d -> d.enters, doors), arrayFilter((exit, d) -> d.enters, exits, doors)),
                arrayMap(d -> (d.place, 2, 1), arrayFilter(d -> d.enters, doors)),
                arrayMap(place -> (place, 3, 0), arrayFilter((place, e) -> e.type = 'shift.state_changed', places, events))
            )::Array(Tuple(place UInt32, turn UInt8, sign Int8))) AS marks,
            arrayCumSum(arrayMap(m -> toInt32(m.sign), marks)) AS depths
        FROM placed
    ),
    -- One element a session: its beginning (turn 2), its states (turn 3), its end (turn 1).
    sessions AS
    (
        SELECT
            * EXCEPT (marks, depths),
            arrayFilter(s -> s[1].turn = 2, arraySplit(m -> m.turn = 2, arrayMap(
                m -> (m.turn, events[m.place])::Tuple(
                    turn UInt8,
                    e Tuple(
                        at DateTime64(6, 'UTC'), rank UInt8, id UUID, type String, vendor String, agent String, queue String,
                        state String, reason String)),
                arrayFilter(
                    (m, depth) -> m.place < 4294967295 AND ((m.turn = 2 AND depth = 1) OR (m.turn = 3 AND depth > 0) OR (m.turn = 1 AND depth = 0)),
                    marks, depths)
            ))) AS stays
        FROM marked
    ),
    bounded AS
    (
        SELECT
            * EXCEPT (events),
            arrayMap(s -> s[-1].turn = 1 AND s[-1].e.type = 'shift.signed_out', stays) AS signed_out,
            arrayMap(s -> if(s[-1].turn = 1, s[-1].e.at, NULL), stays) AS exits_at,
            arrayMap(
                s -> if(plan.ends_at > s[1].e.at, greatest(assumeNotNull(plan.ends_at), arrayMax(arrayMap(x -> x.e.at, arrayFilter(x -> x.turn != 1, s)))), NULL),
                stays
            ) AS plan_ends,
            arrayMap(s -> s[1].e.at + toIntervalHour(16), stays) AS caps,
            arrayMap(
                (is_out, exit, plan_end, cap) -> multiIf(
                    is_out, (assumeNotNull(exit), ''),
                    exit <= cap AND (plan_end IS NULL OR exit <= plan_end), (assumeNotNull(exit), 'next_sign_in'),
                    plan_end <= cap, (assumeNotNull(plan_end), 'shift_end'),
                    (cap, 'cap_16h'))::Tuple(at DateTime64(6, 'UTC'), flag String),
                signed_out, exits_at, plan_ends, caps
            ) AS ends
        FROM sessions
    ),
    spanned AS
    (
        SELECT
            tenant, shift, first_day, last_offset, plan.team AS team,
            arrayFlatten(arrayMap(
                (points, end, session) -> arrayFilter(x -> x.starts_at < x.ends_at, arrayMap(
                    (p, following) -> (
                        p.e.vendor, p.e.agent, p.e.state, p.e.reason, p.e.at, if(following.turn = 0, end.at, least(following.e.at, end.at)),
                        session, if(following.turn = 0 OR following.e.at >= end.at, end.flag, '')
                    )::Tuple(
                        vendor String, agent String, state String, reason String, starts_at DateTime64(6, 'UTC'), ends_at DateTime64(6, 'UTC'),
                        session UInt16, flag String),
                    points, arrayShiftLeft(points, 1))),
                arrayMap(s -> arrayFilter(x -> x.turn != 1, s), stays), ends, arrayEnumerate(stays)
            )) AS spans,
            arrayMap(s -> (s[1].e.at, s[1].e.queue)::Tuple(at DateTime64(6, 'UTC'), queue String), stays) AS starts
        FROM bounded
    )
SELECT
    tenant,
    toLowCardinality(span.vendor) AS vendor,
    first_day,
    shift,
    toUInt16(number) AS n,
    toLowCardinality(span.agent) AS agent,
    toLowCardinality(team) AS team,
    toLowCardinality(span.state) AS state,
    toLowCardinality(span.reason) AS reason,
    toLowCardinality(starts[span.session].queue) AS queue,
    span.starts_at AS starts_at,
    span.ends_at::Nullable(DateTime64(6, 'UTC')) AS ends_at,
    starts[span.session].at AS signed_in_at,
    span.session AS session,
    toLowCardinality(span.flag) AS flag,
    last_offset
FROM spanned
ARRAY JOIN spans AS span, arrayEnumerate(spans) AS number
