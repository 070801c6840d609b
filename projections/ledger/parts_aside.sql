-- Parts that the engine has put aside: it found them broken, and does not read them.
SELECT concat(table, '/', name)
FROM system.detached_parts
WHERE database = currentDatabase()
ORDER BY 1
