"""Running time, prices and budgets."""
