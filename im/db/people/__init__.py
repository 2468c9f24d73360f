"""Users, their tokens and quotas as rows, and the audit of what concerns no instance."""
