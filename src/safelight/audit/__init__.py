"""The audit log's form: records, tree, checkpoints, sealing. Pure: bytes, times and randomness are inputs.

``verifier`` is apart: it shares no code with the rest and needs only an export and a public key.
"""
