-- Who works here at a moment: joined and not left since, with the team of the last joining or moving.
SELECT
    subject AS agent,
    argMaxIf(toString(name), place, type = 'staff.joined') AS name,
    argMaxIf(toString(staff_number), place, type = 'staff.joined') AS staff_number,
    argMaxIf(toString(extension), place, type = 'staff.joined') AS extension,
    argMaxIf(toString(team), place, type IN ('staff.joined', 'staff.moved')) AS team,
    argMaxIf(toString(vendor), place, type = 'staff.joined') AS vendor,
    maxIf(occurred_at, type = 'staff.joined') AS since
FROM
(
    SELECT *, (occurred_at, indexOf(['staff.joined', 'staff.moved', 'staff.left'], toString(type)), event_id) AS place
    FROM staff
    WHERE tenant = {tenant:String} AND occurred_at <= {at:DateTime64(6, 'UTC')}
      AND (source, event_id) NOT IN (SELECT corrects_source, corrects FROM staff WHERE tenant = {tenant:String})
)
GROUP BY subject
HAVING argMax(toString(type), place) != 'staff.left' AND countIf(type = 'staff.joined') > 0
ORDER BY agent
