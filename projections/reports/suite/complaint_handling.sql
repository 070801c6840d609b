-- Complaint by complaint: those filed in the period, each with how far it has come.
SELECT
    complaint,
    filed_at,
    channel,
    business,
    content,
    department,
    agent,
    internal,
    state AS complaint_state,
    liable,
    severity,
    outcome AS resolution,
    age('millisecond', filed_at, resolved_at) AS resolution_ms,
    satisfied,
    reopens,
    resolved_at,
    investigated_at,
    adjudicated_at,
    withdrawn_at,
    customer,
    call,
    vendor
FROM complaints FINAL
WHERE tenant = {tenant:String}
  AND filed_at >= {start:DateTime64(6, 'UTC')}
  AND filed_at < {stop:DateTime64(6, 'UTC')}
  AND (empty({only_vendor:Array(String)}) OR has({only_vendor:Array(String)}, toString(vendor)))
  AND (empty({only_agent:Array(String)}) OR has({only_agent:Array(String)}, toString(agent)))
  AND (empty({only_team:Array(String)})
       OR has({only_team:Array(String)}, transform(toString(agent), {team_agents:Array(String)}, {team_names:Array(String)}, '')))
  AND (empty({only_channel:Array(String)}) OR has({only_channel:Array(String)}, toString(channel)))
  AND (empty({only_business:Array(String)}) OR has({only_business:Array(String)}, toString(business)))
  AND (empty({only_content:Array(String)}) OR has({only_content:Array(String)}, content))
  AND (empty({only_department:Array(String)}) OR has({only_department:Array(String)}, toString(department)))
  AND (empty({only_severity:Array(String)}) OR has({only_severity:Array(String)}, toString(severity)))
  AND (empty({only_state:Array(String)}) OR has({only_state:Array(String)}, toString(state)))
  AND (empty({only_liable:Array(String)}) OR has({only_liable:Array(String)}, ifNull(toString(liable), '')))
ORDER BY filed_at, complaint
LIMIT {limit:UInt64}
