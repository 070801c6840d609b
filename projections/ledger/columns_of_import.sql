-- The columns of the table that was last read from a source under a file's name.
SELECT columns
FROM imports FINAL
WHERE source = {source:String} AND file = {file:String} AND notEmpty(columns)
ORDER BY started_at DESC
LIMIT 1
