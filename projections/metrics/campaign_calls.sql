-- Outbound calls by what they were made for: the campaign that the call was offered with, else the business category it was wrapped up in.
SELECT
    * REPLACE (if(campaign != '', toString(campaign), toString(category)) AS campaign)
FROM calls FINAL
WHERE tenant = {tenant:String} AND offered AND direction = 'outbound'
