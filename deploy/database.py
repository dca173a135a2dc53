"""Bring the database up to date: migrations, the operator's account, the bot server's token. Safe to run again.

Both modes and the system tests run it, with the app's environment, in one process instead of three.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "app"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["POSTGRES_STATEMENT_TIMEOUT"] = "0"  # a migration may take longer than a page's query
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    _wait_for_server()
    call_command("migrate", interactive=False, verbosity=0)
    username = os.environ["DJANGO_SUPERUSER_USERNAME"]
    if not get_user_model().objects.filter(username=username).exists():
        call_command("createsuperuser", interactive=False, verbosity=0)
    if os.environ.get("DJANGO_SUPERUSER_TOKEN"):
        call_command("createsuperusertoken", username)


def _wait_for_server(seconds: float = 60) -> None:
    """A server that was made a moment ago restarts once it has its user and its database."""
    from django.db import OperationalError, connection

    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    main()
