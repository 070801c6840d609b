-- Dead letters with where they stand: settled once a try made events of them or found them stored.
SELECT
    id, tenant, source, format, file, line, mapping, reason, detail, raw, length, sha256, first_seen,
    if(tries.settled > 0, 'settled', 'open') AS status, tries.attempts AS attempts
FROM (SELECT * FROM dead_letters LIMIT 1 BY id) AS letters
LEFT JOIN (
    SELECT letter, count() AS attempts, countIf(outcome != 'dead') AS settled
    FROM dead_letter_attempts
    GROUP BY letter
) AS tries ON letters.id = tries.letter
WHERE ({tenant:String} = '' OR tenant = {tenant:String})
    AND ({source:String} = '' OR source = {source:String})
    AND ({reason:String} = '' OR reason = {reason:String})
    AND ({file:String} = '' OR file = {file:String})
    AND ({status:String} = '' OR status = {status:String})
    AND ({prefix:String} = '' OR startsWith(toString(id), {prefix:String}))
ORDER BY first_seen, file, line, id
LIMIT {limit:UInt32}
