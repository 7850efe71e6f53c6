"""Benchmarks: ratios against direct access or a peer, sampled side by side in one run (`make bench`)."""
