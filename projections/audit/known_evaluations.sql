-- 审批前须知 · What the ledger knows of some evaluations, for whoever is to approve them.
SELECT
    subject,
    argMinIf(toString(evaluator), (occurred_at, event_id), type = 'evaluation.sampled') AS evaluator,
    argMinIf(toString(agent), (occurred_at, event_id), type = 'evaluation.sampled') AS agent,
    argMin(toString(vendor), (occurred_at, event_id)) AS vendor,
    maxIfOrNull(occurred_at, type IN ('evaluation.scored', 'evaluation.rescored')) AS scored_at
FROM evaluation
WHERE tenant = {tenant:String} AND subject IN {subjects:Array(String)}
  AND event_id NOT IN (SELECT corrects FROM evaluation WHERE corrects != toUUID('00000000-0000-0000-0000-000000000000'))
GROUP BY subject
