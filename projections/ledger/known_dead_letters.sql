-- Which of some dead letters are stored.
SELECT DISTINCT id
FROM dead_letters
WHERE id IN {ids:Array(UUID)}
