"""What is wrong, for people and for monitoring."""
