"""The tables, each constraint with a name."""
