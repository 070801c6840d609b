-- The events of one ledger table that correct one of another source of their tenant, and that source; nothing of those whose own
-- source has an event of that id. For ledgers of before, whose corrections named an id alone.
SELECT toString(correcting.event_id) AS event, argMin(corrected.source, (corrected.recorded_at, corrected.offset)) AS of
FROM (
    SELECT tenant, toString(source) AS source, event_id, corrects
    FROM {stream:Identifier}
    WHERE corrects != toUUID('00000000-0000-0000-0000-000000000000')
) AS correcting
INNER JOIN (
    SELECT tenant, toString(source) AS source, event_id, recorded_at, offset
    FROM {stream:Identifier}
    WHERE event_id IN (SELECT corrects FROM {stream:Identifier})
) AS corrected ON corrected.tenant = correcting.tenant AND corrected.event_id = correcting.corrects
GROUP BY event
HAVING countIf(corrected.source = correcting.source) = 0
ORDER BY event
