"""How fast, against what: every row is a ratio of two things measured in one run; nothing here is asserted by time."""
