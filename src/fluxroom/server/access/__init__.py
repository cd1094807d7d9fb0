"""Who may do what: keys, sessions, scopes, rates, and the guards before every request."""
