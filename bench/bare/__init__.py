"""The bare stack: the same hops on Django, Channels, Celery, Redis and PostgreSQL, with nothing else.

No login, no history, no permissions, no rendering, nothing that survives a kill: what Parley is measured against, and cannot reach.
"""
