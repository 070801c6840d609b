-- Tables of which another replica has more than this one has copied.
SELECT toString(table)
FROM system.replicas
WHERE database = currentDatabase() AND (queue_size > 0 OR log_max_index >= log_pointer)
ORDER BY table
