"""The HTTP API: small handlers around the application's use cases, a folder for each resource.

It runs in the data plane's event loop, so that a lock holds in the same tick: a handler computes for less than 5 ms
and awaits the rest. No rule about access lives here.
"""
