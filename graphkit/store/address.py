"""Which servers are spoken to, and over which addresses."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from graphkit.errors import InvalidParameter, StoreUnavailable

__all__ = ["NEWER", "bare", "check_agent", "check_uri"]

NEWER: Final = "Neo4j 5.26 or newer is needed; the embedded store needs no server: --store DIR"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def bare(uri: str) -> str:
    """Return an address without the login it may hold, for messages."""
    return re.sub(r"//.*@", "//***@", uri, flags=re.DOTALL)


def check_uri(uri: str, *, insecure: bool) -> str:
    """Return the address when it may be used.

    Raises
    ------
    InvalidParameter
        With a password inside, without a host, or in plain text to another machine.
    """
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        message = (
            f"{bare(uri)!r} is no address: {type(error).__name__}" if "@" in uri else f"{uri!r} is no address: {error}"
        )
        raise InvalidParameter(message, parameter="uri", value=bare(uri), hint="e.g. neo4j://localhost:7687") from None
    if parts.username is not None or parts.password is not None:
        message = "a store's address may not hold a user name or password"
        raise InvalidParameter(message, parameter="uri", hint="use NEO4J_USERNAME and NEO4J_PASSWORD")
    if not host:
        message = f"{uri!r} names no host"
        raise InvalidParameter(message, parameter="uri", value=uri, hint="e.g. neo4j://localhost:7687")
    if "+" not in parts.scheme and host not in _LOOPBACK and not host.startswith("127.") and not insecure:
        message = f"{parts.scheme}://{host} would send password and data in plain text"
        raise InvalidParameter(
            message,
            parameter="uri",
            value=uri,
            hint=f"use {parts.scheme}+s://{host}, or --insecure on a network you trust",
        )
    return uri


def check_agent(agent: str, address: str) -> tuple[str, bool]:
    """Return the server's name and whether it is ArcadeDB.

    Raises
    ------
    StoreUnavailable
        For a Neo4j older than 5.26, or another server; the version found is in the message.
    """
    if "ArcadeDB" in agent:
        return agent, True
    found = re.match(r"Neo4j/(\d+)\.(\d+)", agent)
    if found and (int(found[1]), int(found[2])) >= (5, 26):
        return agent, False
    message = f"{address}: {agent or 'a server that does not say its version'} is not supported"
    raise StoreUnavailable(message, store=address, hint=NEWER)
