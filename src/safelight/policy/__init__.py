"""Who may ask for what, and which statements run: Cedar policies, their schema, their evaluation and explanation.

Values in, decisions out. No IO besides reading the package's own files, no clock, no randomness.
"""
