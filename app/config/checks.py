"""Misconfiguration, found at start and said with the remedy."""
