"""Who is asking."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The visitor's address. X-Forwarded-For counts only behind our own proxy, and of it only what that proxy wrote: the last entry."""
    address = str(request.META.get("REMOTE_ADDR") or "")
    if settings.BEHIND_PROXY:
        address = str(request.META.get("HTTP_X_FORWARDED_FOR") or address).rpartition(",")[2].strip()
    return address


def network_of(request: HttpRequest) -> str:
    """What one visitor can choose addresses from: an IPv6 network of 64 bits counts as one address."""
    try:
        address = ipaddress.ip_address(address_of(request))
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
