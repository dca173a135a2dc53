"""For tests of the shipped bots and their steps."""

pytest_plugins = ["testing.run_bot"]
