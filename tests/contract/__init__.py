"""What every protocol must keep: denial, kill, expiry and lost peers, against real clients and real targets."""
