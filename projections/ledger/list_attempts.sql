-- What was tried with one dead letter, oldest first.
SELECT letter, at, outcome, reason, detail, mapping
FROM dead_letter_attempts
WHERE letter = {letter:UUID}
ORDER BY at
