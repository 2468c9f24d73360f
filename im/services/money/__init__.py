"""What things cost, have cost and may cost."""
