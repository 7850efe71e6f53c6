"""The demonstration: a sample shop on a real PostgreSQL, the gateway in front of it, and a story told with psql."""
