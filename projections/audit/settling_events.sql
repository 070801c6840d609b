-- 依据事件 · For each subject the latest event of a type: the one that settled what is counted. Corrected events are left out.
SELECT event_id
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND subject IN {subjects:Array(String)} AND type = {type:String}
  AND (source, event_id) NOT IN (
      SELECT corrects_source, corrects FROM {stream:Identifier} WHERE tenant = {tenant:String} AND subject IN {subjects:Array(String)})
ORDER BY subject, occurred_at DESC, offset DESC
LIMIT 1 BY subject
