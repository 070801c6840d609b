-- The events that count of some things of one stream, by thing, in order of time.
SELECT
    subject,
    arrayMap(one -> (one.3, one.2), arraySort(groupUniqArray((occurred_at, event_id, toString(source))))) AS events
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND subject IN {subjects:Array(String)}
  AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM {stream:Identifier} WHERE tenant = {tenant:String})
GROUP BY subject
ORDER BY subject
