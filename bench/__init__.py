"""What Parley costs, beside the bare stack: ``./go bench``."""
