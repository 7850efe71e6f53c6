"""The store on a database: real columns, foreign keys with the owner in them, one batching writer."""
