-- Refused records by source and reason, whenever they were read: how many, and how many of them were settled by a retry.
SELECT toString(source) AS name, toString(reason) AS reason, count() AS n, countIf(tries.settled > 0) AS settled,
    countIf(tries.attempts > 0 AND tries.settled = 0) AS retried, toString(argMin(id, (tries.settled > 0, first_seen, id))) AS example
FROM (SELECT * FROM dead_letters WHERE tenant = {tenant:String} LIMIT 1 BY id) AS letters
LEFT JOIN
(
    SELECT letter, count() AS attempts, countIf(outcome != 'dead') AS settled
    FROM dead_letter_attempts
    GROUP BY letter
) AS tries ON letters.id = tries.letter
GROUP BY name, reason
ORDER BY name, reason
