"""One module for each family of commands; loaded only when one of its commands runs."""
