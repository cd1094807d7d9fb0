"""What was spent and what may be, over HTTP."""
