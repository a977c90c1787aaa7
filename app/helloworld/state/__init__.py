"""What the service remembers, and where: the number of visits, in a database, a cache, or its own memory."""
