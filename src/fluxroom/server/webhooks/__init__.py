"""Messages to others about what has happened: where to, and the sending."""
