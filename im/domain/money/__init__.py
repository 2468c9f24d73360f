"""Bills, running time, forecasts and budgets; pure arithmetic."""
