-- How far a stream's table goes now, looked for from an offset on: parts that end before it are not opened.
SELECT partition, max(offset) + 1
FROM {stream:Identifier}
WHERE topic = {topic:String} AND offset >= {from:UInt64}
GROUP BY partition
