-- Whether any event of one stream corrects another.
SELECT 1
FROM {stream:Identifier}
WHERE tenant = {tenant:String} AND corrects != toUUID('00000000-0000-0000-0000-000000000000')
LIMIT 1
