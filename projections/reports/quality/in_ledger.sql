-- Those of some calls that the ledger has events of.
SELECT DISTINCT subject FROM call WHERE tenant = {tenant:String} AND subject IN {calls:Array(String)}
