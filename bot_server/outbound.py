"""The only way out of the bot server's own packages. (Dosaku's services bring their own; they go where the operator says.)

`client` makes connections to addresses that the operator named; `public_client` to addresses that anybody else named, which must be
public: the name is resolved once, every address of it is checked, and one of exactly these is connected to, so that a name cannot
change in between. Neither follows redirects nor uses proxies of the environment. `send` bounds how long and how large an answer may be,
and maps every error once.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from errors import AddressRefused, AnswerRefused, AnswerTimedOut, AnswerTooBig, Unreachable

SECONDS = 10.0
MOST_BYTES = 1_000_000
PUBLIC_PORTS = {None, 443, 8443}
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?|[0-9a-f:.]+", re.IGNORECASE)

# Addresses that Python calls global, or did until lately, and that lead inside or to many: NAT64 and 6to4 carry an IPv4 address
# within, as do the mapped and compatible forms; the rest is site-local, protocol assignments, benchmarks and multicast.
INSIDE = [
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/23",
        "::/96",
        "::ffff:0:0/96",
        "fec0::/10",
        "ff00::/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",
    )
]


@dataclass(frozen=True)
class Answer:
    """A whole answer with a status below 400; `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def client(
    base_url: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    connections: int = 64,
    keep_alive: float = 4.0,
    seconds: float = SECONDS,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """A client for addresses that the operator named. `keep_alive` is below the 5 s after which uvicorn closes idle connections."""
    return httpx.Client(
        base_url=base_url,
        headers=headers,
        timeout=httpx.Timeout(seconds, connect=min(5.0, seconds)),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=keep_alive),
        follow_redirects=False,
        trust_env=False,
        transport=transport,
    )


def public_client(*, headers: Mapping[str, str] | None = None, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client for addresses that somebody other than the operator named. Raises AddressRefused for what is not public."""
    return client(headers=headers, transport=PublicOnly(transport or httpx.HTTPTransport(trust_env=False)))


def send(through: httpx.Client, method: str, url: str, *, seconds: float = SECONDS, most_bytes: int = MOST_BYTES, **options: Any) -> Answer:
    """Send a request and read the whole answer.

    A connection that was kept and turns out dead is replaced once; so only send what is safe to repeat.

    Raises:
        AnswerRefused: the status is 300 or above; a 3xx too, since redirects are not followed.
        AddressRefused, Unreachable, AnswerTimedOut, AnswerTooBig: what kept the answer away.
    """
    deadline = time.monotonic() + seconds
    try:
        try:
            return _exchange(through, method, url, deadline, most_bytes, options)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return _exchange(through, method, url, deadline, most_bytes, options)
    except httpx.TimeoutException as error:
        raise AnswerTimedOut(f"No whole answer came within {seconds:g} s.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable("The address could not be reached, or the connection broke.") from error


def is_public(address: str) -> bool:
    """Whether a numeric address is one of the open internet."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inside = any(found in network for network in INSIDE if network.version == found.version)
    return found.is_global and not found.is_multicast and not inside


class PublicOnly(httpx.BaseTransport):
    """Lets requests out to public addresses only."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        """`inner` does the sending, to a numeric address."""
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Check, and send to an address that was checked; Host and the certificate stay those of the name."""
        url = request.url
        if url.scheme != "https" or url.userinfo or url.port not in PUBLIC_PORTS or not HOST.fullmatch(url.host):
            raise AddressRefused("Only https addresses on port 443 or 8443, with a plain host and without user name, may be called.")
        address = _checked(url.host, url.port or 443)
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host=address)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _checked(host: str, port: int) -> str:
    """The first address of a host, refused when any of them leads inside: a name with one good and one bad address is an attempt."""
    try:
        found = list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"There is no host {host}.") from error
    if not found or not all(map(is_public, found)):
        raise AddressRefused(f"{host} leads to a private address.")
    return found[0]


def _exchange(through: httpx.Client, method: str, url: str, deadline: float, most_bytes: int, options: Mapping[str, Any]) -> Answer:
    with through.stream(method, url, **options) as response:
        body = _body(response, deadline, most_bytes)
        if response.status_code >= 300:
            text = f"The other side answered {response.status_code}."
            raise AnswerRefused(text, status=response.status_code, body=body, retry_after=_seconds(response.headers.get("retry-after", "")))
        return Answer(response.status_code, dict(response.headers), body)


def _body(response: httpx.Response, deadline: float, most_bytes: int) -> bytes:
    """The body, however slowly it drips: the deadline is for the whole of it."""
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > most_bytes:
            raise AnswerTooBig(f"The answer is larger than {most_bytes:,} bytes.")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the deadline for the whole answer")
        parts.append(part)
    return b"".join(parts)


def _seconds(text: str) -> float | None:
    """What a Retry-After asks for, a day at most; None when it is no number of seconds."""
    return min(float(text), 86_400.0) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else None
