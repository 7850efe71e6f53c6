"""safelight: debug production without exposing production."""

__version__ = "0.1.0"
