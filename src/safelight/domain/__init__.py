"""Frozen values and pure functions: what the words of safelight mean. No IO, no clock, no randomness."""
