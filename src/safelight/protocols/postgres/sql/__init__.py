"""Reading SQL: what a PostgreSQL text means, from the grammar and the catalog. Pure; runs in a child process."""
