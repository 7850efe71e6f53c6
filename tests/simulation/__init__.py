"""Random histories of access, with the clocks, the store and restarts in the simulator's hand.

``python -m tests.simulation --histories N --seed S`` runs many; a failure names the seed that repeats it.
"""
