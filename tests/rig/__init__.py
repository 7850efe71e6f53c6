"""Real servers to test against: PostgreSQL 15 (Debian) and 18 (wheel), on loopback, thrown away afterwards."""
