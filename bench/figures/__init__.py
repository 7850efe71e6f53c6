"""One file for each kind of figure; ``bench/run.py`` lists them."""
