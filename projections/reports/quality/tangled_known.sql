-- The same things as tangled.sql finds, and perhaps more, by their facts: `fact` is a table with one row a thing. Facts know of the events
-- that no other one corrects; of the things that had others, see corrected.sql.
SELECT {subject} AS subject
FROM {fact}
WHERE tenant = {tenant:String} AND tangled_to >= {start:DateTime64(6, 'UTC')} AND tangled_from < {stop:DateTime64(6, 'UTC')}
