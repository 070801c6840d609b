-- Outbound calls by what they were made for: the campaign that a call was offered with. Where no call of the tenant names one, all
-- outbound calls, by the business category that they were wrapped up in.
SELECT
    * REPLACE (if(campaign != '', toString(campaign), toString(category)) AS campaign)
FROM
(
    -- a level of its own: beside the replacement, WHERE would read the replaced column
    SELECT *
    FROM calls FINAL
    WHERE tenant = {tenant:String} AND offered AND direction = 'outbound'
      AND (campaign != '' OR (SELECT count() FROM calls WHERE tenant = {tenant:String} AND campaign != '') = 0)
)
