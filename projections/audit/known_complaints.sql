-- 判定前须知 · What the ledger knows of some complaints, for whoever is to judge them.
SELECT
    subject,
    minIf(occurred_at, type = 'complaint.filed') AS filed_at,
    argMinIf(toString(vendor), (occurred_at, event_id), type = 'complaint.filed') AS vendor,
    argMinIf(toString(agent), (occurred_at, event_id), type = 'complaint.filed') AS agent,
    maxIfOrNull(occurred_at, type = 'complaint.reopened') AS reopened_at,
    maxIfOrNull(occurred_at, type = 'complaint.withdrawn') AS withdrawn_at
FROM complaint
WHERE tenant = {tenant:String} AND subject IN {subjects:Array(String)}
  AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM complaint WHERE tenant = {tenant:String})
GROUP BY subject
HAVING countIf(type = 'complaint.filed') > 0
