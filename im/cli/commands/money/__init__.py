"""Commands about money: what things cost, what was spent, what may be, and what is offered."""
