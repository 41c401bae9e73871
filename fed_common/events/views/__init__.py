"""REST views, by noun."""
