-- Call by call, every leg: the calls that began in the period; a call that never met a person has one row without a leg.
SELECT
    c.call AS call,
    c.started_at AS started_at,
    c.vendor AS vendor,
    c.direction AS direction,
    c.channel AS channel,
    c.hotline AS hotline,
    c.customer AS customer,
    c.ivr_ms AS ivr_ms,
    if(l.call = '', NULL, l.leg) AS leg,
    l.queue AS queue,
    l.queued_at AS queued_at,
    l.outcome AS outcome,
    l.wait_ms AS wait_ms,
    l.answered_at AS answered_at,
    l.agent AS agent,
    if(l.call = '', NULL, l.talk_ms) AS talk_ms,
    if(l.call = '', NULL, l.hold_ms) AS hold_ms,
    if(l.call = '', NULL, l.wrap_up_ms) AS wrap_up_ms,
    l.ended_at AS leg_ended_at,
    l.end_kind AS end_kind,
    l.transferred_to AS transferred_to,
    l.category AS category,
    c.ended_at AS ended_at,
    c.ended_by AS ended_by,
    arrayStringConcat(c.contradictions, ', ') AS contradictions
FROM
(
    SELECT *
    FROM calls FINAL
    WHERE tenant = {tenant:String}
      AND started_at >= {start:DateTime64(6, 'UTC')}
      AND started_at < {stop:DateTime64(6, 'UTC')}
) AS c
LEFT JOIN
(
    SELECT *
    FROM legs FINAL
    WHERE tenant = {tenant:String}
      AND entered_at >= {start:DateTime64(6, 'UTC')} - INTERVAL 1 DAY
      AND entered_at <= INTERVAL 1 DAY +
          (
              SELECT max(ifNull(ended_at, {cutoff:DateTime64(6, 'UTC')}))
              FROM calls FINAL
              WHERE tenant = {tenant:String}
                AND started_at >= {start:DateTime64(6, 'UTC')}
                AND started_at < {stop:DateTime64(6, 'UTC')}
          )
) AS l ON l.call = c.call
WHERE (empty({only_vendor:Array(String)}) OR has({only_vendor:Array(String)}, toString(if(l.call = '', c.vendor, l.vendor))))
  AND (empty({only_hotline:Array(String)}) OR has({only_hotline:Array(String)}, toString(c.hotline)))
  AND (empty({only_queue:Array(String)}) OR has({only_queue:Array(String)}, toString(l.queue)))
  AND (empty({only_agent:Array(String)}) OR has({only_agent:Array(String)}, toString(l.agent)))
  AND (empty({only_team:Array(String)})
       OR has({only_team:Array(String)}, transform(toString(l.agent), {team_agents:Array(String)}, {team_names:Array(String)}, '')))
  AND (empty({only_channel:Array(String)}) OR has({only_channel:Array(String)}, toString(c.channel)))
  AND (empty({only_direction:Array(String)}) OR has({only_direction:Array(String)}, toString(c.direction)))
ORDER BY c.started_at, c.call, l.leg
LIMIT {limit:UInt64}
