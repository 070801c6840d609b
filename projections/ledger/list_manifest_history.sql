-- When manifests were made and losses accepted, in order.
SELECT at, toString(what), account, host, detail
FROM manifest_history
ORDER BY at
