-- 通话 · One row a call. Sums are those of its legs (call_timelines.sql); of two offers, ends or IVR visits the first counts, of two
-- wrap-ups or surveys the last, and the outcome of the IVR is the last one.
-- A place is that of an event in the ordered history; 0 is no event.
WITH
    found AS
    (
        SELECT
            *,
            events.type AS types,
            indexOf(events.type, 'call.answered') AS answer,
            indexOf(events.type, 'call.ivr_entered') AS ivr_in,
            indexOf(events.type, 'call.ivr_left') AS ivr_out,
            arrayLastIndex(type -> type = 'call.ivr_left', events.type) AS ivr_last,
            indexOf(events.type, 'call.connected') AS connection,
            indexOf(events.type, 'call.queued') AS queueing,
            indexOf(events.type, 'call.ended') AS end,
            arrayLastIndex(type -> type = 'call.wrapped_up', events.type) AS wrap
        FROM call_timelines
    ),
    told AS
    (
        SELECT
            * EXCEPT (events, legs),
            events AS history,
            legs AS parts,
            has(types, 'call.offered') AS offered,
            if(ivr_in > 0, events.at[ivr_in], NULL) AS ivr_entered_at,
            if(ivr_out > 0, events.at[ivr_out], NULL) AS ivr_left_at,
            if(end > 0, events.at[end], NULL) AS ended_at
        FROM found
    )
SELECT
    tenant,
    toLowCardinality(history.vendor[greatest(answer, 1)]) AS vendor,
    first_day,
    call,
    if(offered, offer.at, history.at[1]) AS started_at,
    toLowCardinality(offer.direction) AS direction,
    toLowCardinality(offer.channel) AS channel,
    toLowCardinality(offer.hotline) AS hotline,
    offer.customer AS customer,
    toLowCardinality(offer.campaign) AS campaign,
    offered::Bool AS offered,
    ivr_entered_at,
    ivr_left_at,
    toLowCardinality(history.detail[ivr_last]) AS ivr_outcome,
    intDiv(toUnixTimestamp64Micro(ivr_left_at) - toUnixTimestamp64Micro(ivr_entered_at), 1000) AS ivr_ms,
    if(connection > 0, history.at[connection], NULL) AS connected_at,
    toLowCardinality(parts.queue[indexOf(parts.is_entry, true)]) AS first_queue,
    if(queueing > 0, history.at[queueing], NULL) AS first_queued_at,
    toLowCardinality(history.agent[answer]) AS first_agent,
    if(answer > 0, history.at[answer], NULL) AS answered_at,
    (answer > 0)::Bool AS answered,
    ended_at,
    toLowCardinality(history.detail[end]) AS ended_by,
    toUInt16(countEqual(parts.is_entry, true)) AS entries,
    toUInt16(arrayCount((is_entry, outcome) -> is_entry AND outcome = 'answered', parts.is_entry, parts.outcome)) AS entries_answered,
    toUInt16(length(parts)) AS legs,
    arraySum(arrayMap(ms -> coalesce(ms, 0), parts.wait_ms)) AS wait_ms,
    arraySum(parts.talk_ms) AS talk_ms,
    arraySum(parts.hold_ms) AS hold_ms,
    arraySum(parts.wrap_up_ms) AS wrap_up_ms,
    toUInt16(countEqual(types, 'call.transferred')) AS transfers,
    toUInt16(countEqual(types, 'call.conferenced')) AS conferences,
    toUInt16(countEqual(types, 'call.rung')) AS rings,
    toUInt16(countEqual(types, 'call.ring_missed')) AS rings_missed,
    if(
        has(types, 'call.voicemail_left'),
        arraySum(arrayMap((type, ms) -> if(type = 'call.voicemail_left', coalesce(ms, 0), 0), types, history.number)),
        NULL) AS voicemail_ms,
    toLowCardinality(history.target[wrap]) AS category,
    toLowCardinality(history.detail[wrap]) AS nature,
    history.accepted[wrap] AS accepted,
    history.resolved[wrap] AS resolved,
    has(types, 'call.surveyed')::Bool AS surveyed,
    survey.given AS survey_given,
    survey.score AS score,
    survey.scale AS scale,
    survey.satisfied AS satisfied,
    (offered AND end = 0)::Bool AS open,
    arrayFilter(code -> code != '', [
        if(countEqual(types, 'call.offered') > 1, 'offered_twice', ''),
        if(offered AND answer > 0 AND history.at[answer] < offer.at, 'answered_before_offered', ''),
        if(countEqual(types, 'call.ended') > 1, 'ended_twice', ''),
        if(arrayExists(
            (at, type) -> at > ended_at
                AND type NOT IN ('call.ended', 'call.released', 'call.voicemail_left', 'call.wrapped_up', 'call.surveyed'),
            history.at, types), 'event_after_end', ''),
        if(end > 0 AND has(parts.outcome, 'waiting'), 'ended_while_waiting', ''),
        if(end > 0 AND has(parts.end_kind, 'open'), 'ended_while_talking', ''),
        if(arrayExists(ms -> ms < 0, parts.wait_ms), 'negative_wait', ''),
        if(ivr_left_at < ivr_entered_at - toIntervalMicrosecond(999), 'negative_ivr', ''),
        if(arrayExists(ms -> ms < 0, parts.wrap_up_ms), 'negative_wrap_up', ''),
        if(countEqual(types, 'call.wrapped_up') > arraySum(parts.wraps), 'wrap_up_without_leg', '')
    ])::Array(LowCardinality(String)) AS contradictions,
    toUInt32(length(history)) AS events,
    -- from its first to its last event where they are not in order (call_timelines.sql): what data quality looks at closely
    if(tangled, history.at[1], toDateTime64(0, 6, 'UTC')) AS tangled_from,
    if(tangled, history.at[-1], toDateTime64(0, 6, 'UTC')) AS tangled_to,
    last_offset
FROM told
