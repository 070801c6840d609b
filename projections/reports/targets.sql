-- What each queue was last described to reach, in force before the end of a period.
SELECT
    toString(argMax(targets, (effective_from, offset))) AS targets
FROM queue
WHERE tenant = {tenant:String}
  AND type = 'queue.described'
  AND effective_from < {stop:DateTime64(6, 'UTC')}
GROUP BY subject
HAVING (empty({only_queue:Array(String)}) OR has({only_queue:Array(String)}, subject))
   AND (empty({only_vendor:Array(String)}) OR has({only_vendor:Array(String)}, argMax(if(data_vendor = '', vendor, data_vendor), (effective_from, offset))))
   AND (empty({only_hotline:Array(String)}) OR has({only_hotline:Array(String)}, argMax(toString(hotline), (effective_from, offset))))
ORDER BY subject
