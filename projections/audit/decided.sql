-- How many decisions one stream of the ledger has, of all tenants.
SELECT count() FROM {stream:Identifier} WHERE source = {source:String}
