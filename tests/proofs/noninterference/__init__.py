"""Generated statements that must not tell two databases apart which differ only in labelled values."""
