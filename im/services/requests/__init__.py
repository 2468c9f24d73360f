"""What people ask for: written first, then rung for."""
