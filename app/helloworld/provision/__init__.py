"""Makes databases and login roles on the environment's server, and drops those of reviews that are over."""
