"""For authors of bots, modules and steps: stand-ins, a scripted model server, and the contract that each Task sets."""
