-- The identities of one ledger table: id and domain.envelope.owner_mark, which is made once for each name, not for each row.
SELECT
    event_id,
    bitXor(
        reinterpretAsUInt64(substring(SHA256(tenant), 1, 8)),
        reinterpretAsUInt64(substring(SHA256(concat(source, '\0')), 1, 8))) AS mark
FROM {stream:Identifier}
