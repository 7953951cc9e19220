"""Which servers are spoken to, and over which addresses."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from graphkit.errors import InvalidParameter, StoreUnavailable

__all__ = ["NEWER", "bare", "check_agent", "check_uri", "is_folder", "slipped"]

NEWER: Final = "Neo4j 5.26 or newer is needed; the embedded store needs no server: --store DIR"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_PARTS: Final = re.compile(r"([^:/]*)((?::(?://)?)?)(.*)", re.DOTALL)
_PLACE: Final = re.compile(r"(\[[^\]]*\]|[^:/?#]*)([^/?#]*)([/?#]?)(.*)", re.DOTALL)


def bare(uri: str) -> str:
    """Return an address without what may be a secret in it, for messages: login, options, path, and a port that is no number.

    Examples
    --------
    >>> bare("bolt://me:secret@host:7687"), bare("bolt://me:secret"), bare("neo4j://host:7687?policy=eu")
    ('bolt://***@host:7687', 'bolt://me:***', 'neo4j://host:7687?***')
    """
    scheme, slashes, rest = _PARTS.fullmatch(uri).groups()  # type: ignore[union-attr] # it fits every text
    _, login, place = rest.rpartition("@")
    host, port, mark, more = _PLACE.fullmatch(place).groups()  # type: ignore[union-attr] # so does this
    shown = port if re.fullmatch(r"(:\d{0,5})?", port) else ":***"
    return f"{scheme}{slashes}{'***@' if login else ''}{host}{shown}{mark}{'***' if more else ''}"


def slipped(text: str) -> bool:
    """Say whether a text is a server's address without its scheme or slashes: as a folder it would keep a password on disk.

    Examples
    --------
    >>> slipped("bolt:/neo4j:secret@host"), slipped("bolt://host"), slipped("bolt-files"), slipped("C:/films")
    (True, False, False, False)
    >>> slipped("me:secret@host"), slipped("C:/me@work"), slipped("data/12:30@home")
    (True, False, False)
    """
    bare_scheme, login = r"(bolt|neo4j)(\+s|\+ssc)?:(?!//)", r"[^/\\:@]{2,}:(?!//)[^@]*@"
    return re.match(f"{bare_scheme}|{login}", text, re.IGNORECASE) is not None


def is_folder(text: str) -> bool:
    """Say whether a store is a folder rather than an address, or what was meant as one.

    Examples
    --------
    >>> is_folder("data/films"), is_folder("memory://"), is_folder("bolt:/neo4j:secret@host")
    (True, False, False)
    """
    return "://" not in text and not slipped(text)


def check_uri(uri: str, *, insecure: bool) -> str:
    """Return the address when it may be used.

    Raises
    ------
    InvalidParameter
        With a password inside, without a host, with more than host and port, or in plain text to another machine.
    """
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        told = "@" not in uri and uri.rpartition(":")[2].isdigit()  # else it may be a login whose host was forgotten
        shown, why = (uri, error) if told else (uri.partition("://")[0] + "://***", type(error).__name__)
        message = f"{shown!r} is no address: {why}"
        raise InvalidParameter(message, parameter="uri", value=shown, hint="e.g. neo4j://localhost:7687") from None
    if parts.username is not None or parts.password is not None:
        message = "a store's address may not hold a user name or password"
        raise InvalidParameter(message, parameter="uri", hint="use NEO4J_USERNAME and NEO4J_PASSWORD")
    if parts.path.strip("/") or parts.fragment or (parts.query and not _routing(parts)):
        message = f"{bare(f'{parts.scheme}://{parts.netloc}')!r}: a store's address holds host and port only"
        hint = "use NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE; only neo4j:// may end in ?policy=NAME"
        raise InvalidParameter(message, parameter="uri", hint=hint)
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


def _routing(parts: SplitResult) -> bool:
    """Whether the options of an address name a cluster's routing policy and nothing else."""
    keys = {option.partition("=")[0] for option in parts.query.split("&")}
    return parts.scheme.startswith("neo4j") and keys == {"policy"}


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
