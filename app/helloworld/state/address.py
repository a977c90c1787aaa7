"""Addresses of stores, read from URLs."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_DATABASE_PORT = 5432
_CACHE_PORT = 6379


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a store is, and who asks. `password` is None where it comes from elsewhere, or there is none."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    database: str | None = None
    tls: bool = False


def database_address(url: str) -> Address:
    """Read `postgresql://user[:password]@host[:5432]/database`.

    Raises:
        ValueError: it is something else. The message does not repeat it, as it may hold a password.
    """
    address = _read(url, {"postgresql": False}, _DATABASE_PORT)
    if not address.user:
        raise ValueError("it names no user")
    if not address.database or "/" in address.database:
        raise ValueError("it names no database, or more than one")
    return address


def cache_address(url: str) -> Address:
    """Read `redis://[user[:password]@]host[:6379]`, or the same with `rediss` for TLS.

    Raises:
        ValueError: it is something else. The message does not repeat it, as it may hold a password.
    """
    address = _read(url, {"redis": False, "rediss": True}, _CACHE_PORT)
    if address.database:
        raise ValueError("it has a path")
    return address


def _read(url: str, schemes: dict[str, bool], default_port: int) -> Address:
    if not re.fullmatch(r"[!-~]+", url):
        raise ValueError("it has characters that no URL has")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("its host or port is malformed") from None
    if parts.scheme not in schemes:
        raise ValueError(f"it does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not host or port == 0:
        raise ValueError("it names no host, or port 0")
    if parts.query or parts.fragment:
        raise ValueError("it has more after the path")
    return Address(
        host=host,
        port=port or default_port,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        database=unquote(parts.path.removeprefix("/")) or None,
        tls=schemes[parts.scheme],
    )
