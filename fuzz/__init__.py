"""Fuzzing: whatever a peer sends, a parser gives a value or says no. See README.md."""
