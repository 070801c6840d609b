-- The things of one stream of which an event of a period was corrected.
SELECT subject
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
    AND (source, event_id) IN (
        SELECT corrects_source, corrects FROM {stream:Identifier}
        WHERE tenant = {tenant:String} AND corrects != toUUID('00000000-0000-0000-0000-000000000000'))
