-- The minutes (since 1970) in which each source of one stream told of something.
SELECT toString(source) AS name, groupUniqArray(toUInt32(intDiv(toUnixTimestamp64Micro(occurred_at), 60000000))) AS minutes
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND occurred_at >= {start:DateTime64(6, 'UTC')} AND occurred_at < {stop:DateTime64(6, 'UTC')}
GROUP BY name
