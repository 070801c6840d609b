-- Items of the forms on which points were lost, by the latest score of the evaluations scored in the period.
SELECT
    form,
    JSONExtractString(item, 'item') AS form_item,
    count() AS lost_in,
    sum(JSONExtractInt(item, 'times')) AS times,
    sum(toDecimal64OrZero(JSONExtractString(item, 'deduction'), 4) * JSONExtractInt(item, 'times')) AS points_lost
FROM evaluations FINAL
ARRAY JOIN JSONExtractArrayRaw(items_json) AS item
WHERE tenant = {tenant:String}
  AND scored_at >= {start:DateTime64(6, 'UTC')}
  AND scored_at < {stop:DateTime64(6, 'UTC')}
  AND JSONExtractInt(item, 'times') > 0
  AND toDecimal64OrZero(JSONExtractString(item, 'deduction'), 4) != 0
  AND (empty({only_vendor:Array(String)}) OR has({only_vendor:Array(String)}, toString(vendor)))
  AND (empty({only_agent:Array(String)}) OR has({only_agent:Array(String)}, toString(agent)))
  AND (empty({only_team:Array(String)})
       OR has({only_team:Array(String)}, transform(toString(agent), {team_agents:Array(String)}, {team_names:Array(String)}, '')))
  AND (empty({only_evaluator:Array(String)}) OR has({only_evaluator:Array(String)}, toString(evaluator)))
  AND (empty({only_method:Array(String)}) OR has({only_method:Array(String)}, toString(method)))
  AND (empty({only_form:Array(String)}) OR has({only_form:Array(String)}, toString(form)))
GROUP BY form, form_item
ORDER BY lost_in DESC, form, form_item
LIMIT {limit:UInt64}
