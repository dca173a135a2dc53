"""The bot manager: keeps bot files loaded, checked and registered, and takes deliveries."""
