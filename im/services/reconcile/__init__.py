"""Moving what is observed toward what is desired: the only code that changes the cloud."""
