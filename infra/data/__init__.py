"""Database and cache, and how the service and people get to them."""
