"""Wire protocols, sans-IO: bytes and decisions go in, bytes and wishes come out. A folder per protocol."""
