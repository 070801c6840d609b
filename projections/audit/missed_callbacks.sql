-- 隔天未回访 · Callbacks that were neither tried nor completed by the end of the local day after the request, nor cancelled
-- before that; a deadline after the cutoff is not judged yet. Gives the events of the requests.
SELECT event_id
FROM callback
WHERE tenant = {tenant:String} AND type = 'callback.requested' AND subject IN (
    WITH addDays(toStartOfDay(requested_at, {zone:String}), 2) AS deadline
    SELECT callback
    FROM callbacks FINAL
    WHERE tenant = {tenant:String} AND vendor = {vendor:String} AND purpose IN {purposes:Array(String)}
      AND requested_at >= {asked_from:DateTime64(6, 'UTC')} AND requested_at < {asked_to:DateTime64(6, 'UTC')}
      AND deadline <= {cutoff:DateTime64(6, 'UTC')}
      AND (first_attempt_at IS NULL OR first_attempt_at >= deadline)
      AND (completed_at IS NULL OR completed_at >= deadline)
      AND (cancelled_at IS NULL OR cancelled_at >= deadline))
  AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM callback WHERE tenant = {tenant:String})
ORDER BY subject, occurred_at, offset
LIMIT 1 BY subject
