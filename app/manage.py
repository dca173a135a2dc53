#!/usr/bin/env python
"""Django's command line."""

import os
import sys

# A page's query ends after 5 seconds; a migration may take longer. The relay serves, so it keeps the limit.
SERVING = {"relay"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if not SERVING & set(sys.argv[1:2]):
        os.environ["POSTGRES_STATEMENT_TIMEOUT"] = "0"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
