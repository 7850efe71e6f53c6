"""The command line. It speaks only the HTTP API, holds no rule of its own, and imports lazily: `--help` in 150 ms."""
