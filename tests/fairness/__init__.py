"""One session's heavy work must not delay another's light work: scenarios, used by tests and by ``make bench``."""
