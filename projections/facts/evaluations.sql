-- 质检 · One row a monitored call. The latest scoring counts; a re-score takes the place of the score.
SELECT
    tenant,
    toLowCardinality(argMin(toString(vendor), place)) AS vendor,
    toDate(argMin(occurred_at, offset), 'UTC') AS first_day,
    subject AS evaluation,
    argMinIf(toString(call), place, type = 'evaluation.sampled') AS call,
    toLowCardinality(argMinIf(toString(agent), place, type = 'evaluation.sampled')) AS agent,
    toLowCardinality(argMinIf(toString(method), place, type = 'evaluation.sampled')) AS method,
    toLowCardinality(argMinIf(toString(form), place, type = 'evaluation.sampled')) AS form,
    toLowCardinality(argMinIf(toString(evaluator), place, type = 'evaluation.sampled')) AS evaluator,
    minIfOrNull(occurred_at, type = 'evaluation.sampled') AS sampled_at,
    minIfOrNull(occurred_at, type = 'evaluation.scored') AS scored_at,
    argMaxIf(score, place, type IN ('evaluation.scored', 'evaluation.rescored')) AS score,
    (countIf(type = 'evaluation.rescored') > 0)::Bool AS rescored,
    minIfOrNull(occurred_at, type = 'evaluation.approved') AS approved_at,
    minIfOrNull(occurred_at, type = 'evaluation.disputed') AS disputed_at,
    argMaxIf(items, place, type IN ('evaluation.scored', 'evaluation.rescored')) AS items_json,
    max(offset) AS last_offset
FROM
(
    SELECT
        *,
        -- ties in time: the order of the types in the catalogue, then the event id
        (occurred_at, indexOf([
            'evaluation.sampled', 'evaluation.scored', 'evaluation.approved', 'evaluation.disputed', 'evaluation.rescored',
            'evaluation.fed_back'], toString(type)), event_id) AS place
    FROM evaluation_events
)
GROUP BY tenant, subject
