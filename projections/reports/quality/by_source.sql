-- What was found of one stream's things, by the source that told of them first. In the place of `things`
-- stands one of the files things_….sql.
WITH found AS (SELECT DISTINCT arrayJoin(kinds) AS kind, subject FROM ({things}))
SELECT kind, told.source AS name, count() AS n, NULL AS worst_ms, min(found.subject) AS example, argMin(told.event, found.subject) AS event
FROM found
LEFT JOIN
(
    SELECT subject, argMin(toString(source), (occurred_at, offset)) AS source, toString(argMin(event_id, (occurred_at, offset))) AS event
    FROM {stream:Identifier}
    WHERE tenant = {tenant:String} AND subject IN (SELECT subject FROM found)
    GROUP BY subject
) AS told ON told.subject = found.subject
GROUP BY kind, name
