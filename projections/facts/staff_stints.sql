-- 人员在组 · One row a stint of an agent in a team, from joining or moving there to the next move or the leaving.
-- Who is told of as joining while he is here (a list of staff read again) moved; who is told of as moving after he had left joined again.
-- Name, staff number and extension: what the last staff.joined before it said. The ledger's table has the name `staff` already.
SELECT
    tenant,
    toLowCardinality(stint.vendor) AS vendor,
    first_day,
    agent,
    toUInt16(number) AS n,
    toLowCardinality(stint.team) AS team,
    stint.name AS name,
    stint.staff_number AS staff_number,
    stint.extension AS extension,
    stint.from_at AS from_at,
    stint.until_at AS until_at,
    toLowCardinality(stint.began) AS began,
    toLowCardinality(stint.ended) AS ended,
    stint.reason AS reason,
    last_offset
FROM
(
    SELECT
        tenant,
        agent,
        first_day,
        last_offset,
        arrayFilter(x -> x.is_stint, arrayMap(
            (e, before, after, named, numbered, extended) ->
            (
                e.type != 'staff.left', e.vendor, e.team, named.name, numbered.staff_number, extended.extension, e.at,
                if(after.type = '', NULL, after.at),
                if((e.type = 'staff.joined' AND before.type IN ('', 'staff.left')) OR before.type = 'staff.left', 'joined', 'moved'),
                multiIf(after.type = '', '', after.type = 'staff.left', 'left', 'moved'),
                after.reason
            )::Tuple(
                is_stint Bool, vendor String, team String, name String, staff_number String, extension String,
                from_at DateTime64(6, 'UTC'), until_at Nullable(DateTime64(6, 'UTC')), began String, ended String, reason String),
            events, arrayShiftRight(events, 1), arrayShiftLeft(events, 1),
            arrayFill(e -> e.name != '', events), arrayFill(e -> e.staff_number != '', events), arrayFill(e -> e.extension != '', events)
        )) AS stints
    FROM
    (
        SELECT
            tenant,
            subject AS agent,
            toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
            max(offset) AS last_offset,
            arrayCompact(e -> e.id, arraySort(groupArray(
                (
                    -- ties in time: the order of the types in the catalogue, then the event id
                    occurred_at, indexOf(['staff.joined', 'staff.moved', 'staff.left'], toString(type)), event_id, type, vendor, team, name,
                    staff_number, extension, reason
                )::Tuple(
                    at DateTime64(6, 'UTC'), rank UInt8, id UUID, type String, vendor String, team String, name String,
                    staff_number String, extension String, reason String)
            ))) AS events
        FROM staff_events
        GROUP BY tenant, subject
    )
)
ARRAY JOIN stints AS stint, arrayEnumerate(stints) AS number
