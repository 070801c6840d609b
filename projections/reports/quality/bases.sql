-- How many things of one stream a period has, which is what findings are shares of, and how many findings there are.
-- In the place of `things` stands one of the files things_….sql.
SELECT '{name}' AS stream, base, count() AS n, sum(length(kinds)) AS found
FROM ({things})
GROUP BY base
