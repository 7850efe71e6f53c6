"""Administration of PostgreSQL targets over the gateway's own standing connections.

Accounts for sessions, the end of their work, catalogs, preflight. A client's text never runs here with the
administrator's rights.
"""
