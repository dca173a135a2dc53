"""What a username may be."""

import re

from django.core.exceptions import ValidationError

USERNAME = re.compile(r"[a-z][a-z0-9-]{1,40}")

# Words that would read as the product speaking, or that a mention may mean one day.
TAKEN = """about account accounts admin administrator all anonymous api app assistant bot bots channel docs everyone guest health healthz
    help here invite invitation login logout me metrics moderator moss new nobody none null operator owner parley people profile readyz
    relay room rooms root run runs schema security settings signup staff static support system team undefined user users webmaster worker ws
    you"""
RESERVED = frozenset(TAKEN.split())


def check_shape(username: str) -> None:
    """A username is 2 to 41 characters: small letters, digits and hyphens, a letter first."""
    if not USERNAME.fullmatch(username):
        raise ValidationError("Use 2 to 41 small letters, digits and hyphens, and start with a letter.", code="username_shape")


def check_not_reserved(username: str) -> None:
    if username in RESERVED:
        raise ValidationError("This username is reserved. Choose another one.", code="username_reserved")


# What a person who signs up may take.
VALIDATORS = [check_shape, check_not_reserved]
