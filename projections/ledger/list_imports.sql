-- Every import in its latest state.
SELECT *
FROM imports FINAL
ORDER BY started_at, id
