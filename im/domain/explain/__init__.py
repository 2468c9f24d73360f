"""What a row means to people: its phase, the reason for it, and what is alarming."""
