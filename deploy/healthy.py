"""``healthy.py app|relay|bots|worker``: does this container's process do its work? Exit code 0 says yes.

Each question is cheap. A worker, asked by Celery's own ping, starts a second Celery and misses a stall all the same;
here it is healthy while it waits for work or works.
"""

from __future__ import annotations

import os
import socket
import sys
import urllib.request


def page(port: str, path: str) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return bool(answer.status == 200)


def worker() -> bool:
    """A connection from this machine to the broker stands."""
    import redis

    own = {address[4][0] for address in socket.getaddrinfo(socket.gethostname(), None)}
    with redis.Redis(os.environ["REDIS_HOST"], int(os.environ["REDIS_PORT"]), 1, os.environ["REDIS_PASSWORD"], socket_timeout=5) as client:
        return any(each["addr"].rpartition(":")[0] in own and each["cmd"] == "brpop" for each in client.client_list())


def relay() -> bool:
    """It listens for due runs: a connection from this machine has LISTENed."""
    import psycopg

    address = {"host": "POSTGRES_HOST", "port": "POSTGRES_PORT", "user": "POSTGRES_USER", "password": "POSTGRES_PASSWORD"}
    values = {key: os.environ[name] for key, name in address.items()}
    with psycopg.connect(psycopg.conninfo.make_conninfo("", dbname=os.environ["POSTGRES_DB"], connect_timeout=5, **values)) as connection:
        query = "select count(*) from pg_stat_activity where client_addr = inet_client_addr() and query ilike 'listen %'"
        row = connection.execute(query).fetchone()
    return bool(row and row[0])


CHECKS = {
    "app": lambda: page(os.environ.get("APP_PORT", "3000"), "/readyz"),
    "bots": lambda: page(os.environ.get("BOT_PORT", "3001"), "/healthz"),
    "relay": relay,
    "worker": worker,
}

if __name__ == "__main__":
    sys.exit(0 if CHECKS[sys.argv[1]]() else 1)
