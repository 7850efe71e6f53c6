"""Real clients through a real gateway to real servers."""
