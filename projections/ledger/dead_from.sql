-- The messages of some partitions, each from an offset on, that are dead letters: they stay dead when they are read again.
SELECT toString(file), toString(source), line, toString(reason)
FROM dead_letters
WHERE format = {format:String}
    AND line >= transform(concat(file, '|', source), {places:Array(String)}, {froms:Array(UInt64)}, toUInt64(-1))
