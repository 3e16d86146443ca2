"""The Lambda service on the desk: functions, their execution environments, and the segments that Lambda itself emits."""
