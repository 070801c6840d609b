-- The things of one stream whose events of a period were recorded in another order than they happened, or more than once. It looks
-- at every event, so it does with plain numbers, and some things that are in order may be among them (two events of one moment, two
-- ids of one hash); none that is not in order is missed, and order.sql looks at them closely.
SELECT subject
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
GROUP BY subject
HAVING
    -- in the order in which they happened, one was recorded before the one before it (of two at one moment it may seem so)
    arrayMin(arrayDifference(
        arraySort((place, at) -> at, groupArray(offset), groupArray(toUnixTimestamp64Micro(occurred_at))))) < 0
    OR length(arrayDistinct(groupArray(cityHash64(source, event_id)) AS ids)) < length(ids)
