"""How people and scripts meet im. Commands write intent and read rows; none of them talks to a cloud."""
