-- Whether one stream has events at all, whenever they happened.
SELECT '{name}' AS stream FROM {stream:Identifier} WHERE tenant = {tenant:String} LIMIT 1
