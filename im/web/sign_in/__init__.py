"""How a browser is signed in and out, and where a visitor without a session is sent."""
