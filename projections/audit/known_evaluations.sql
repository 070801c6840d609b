-- 审批前须知 · What the ledger knows of some evaluations, for whoever is to approve them.
SELECT
    subject,
    argMinIf(toString(evaluator), (occurred_at, event_id), type = 'evaluation.sampled') AS evaluator,
    argMinIf(toString(agent), (occurred_at, event_id), type = 'evaluation.sampled') AS agent,
    argMin(toString(vendor), (occurred_at, event_id)) AS vendor,
    maxIfOrNull(occurred_at, type IN ('evaluation.scored', 'evaluation.rescored')) AS scored_at
FROM evaluation
WHERE tenant = {tenant:String} AND subject IN {subjects:Array(String)}
  AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM evaluation WHERE tenant = {tenant:String})
GROUP BY subject
