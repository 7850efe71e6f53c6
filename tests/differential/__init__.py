"""Our reading of statements against the server's doing: what is decided as a read is run, as a superuser."""
