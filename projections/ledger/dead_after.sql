-- How many messages of one partition, between two offsets, are dead letters.
SELECT uniqExact(line)
FROM dead_letters
WHERE file = {topic:String} AND source = {source:String} AND line >= {from:UInt64} AND line < {until:UInt64}
