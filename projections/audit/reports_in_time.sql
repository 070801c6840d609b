-- 按时提交的报表 · The report of a month handed in by a vendor before the deadline.
SELECT event_id
FROM report
WHERE tenant = {tenant:String} AND vendor = {vendor:String} AND type = 'report.submitted'
  AND report = {report:String} AND period = {period:String} AND occurred_at < {deadline:DateTime64(6, 'UTC')}
  AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM report WHERE tenant = {tenant:String})
LIMIT 1
