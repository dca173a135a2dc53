"""Bots as pipelines of steps: the language of bot files, the engine that runs them, and the jobs that carry runs."""
