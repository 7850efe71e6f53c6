"""Servers that are none: what they can do to the gateway, to its client, to the others, to its memory. Nothing."""
