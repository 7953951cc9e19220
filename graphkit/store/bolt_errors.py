"""What the driver's errors mean: a sentence of ours with the next step.

The driver wraps the reason of a lost connection two to four deep, and its first line often only announces it. Passwords
are not in its messages.
"""

from __future__ import annotations

import ssl
from typing import Final

from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DriverError,
    IncompleteCommit,
    ServiceUnavailable,
    SessionExpired,
)

from graphkit.errors import StoreError, StoreUnavailable, WriteRefused
from graphkit.store.address import NEWER
from graphkit.store.causes import causes, short_of_memory

__all__ = ["may_retry", "translated"]

_TRUST: Final = (
    "a certificate of your own: name its file in SSL_CERT_FILE, or trust any with bolt+ssc:// or neo4j+ssc://"
)
_PLAIN: Final = "a server without TLS is reached by bolt://, on another machine with --insecure"
_PORT: Final = (
    "is this the Bolt port of a Neo4j (7687 unless set otherwise), and does it want TLS (bolt+s://, neo4j+s://)?"
)
_CHANGE: Final = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new on the database system, then set NEO4J_PASSWORD"
_MEMORY: Final = "allow more in the server's settings: db.memory.transaction.max, db.memory.transaction.total.max or dbms.memory.transaction.total.max"
_READ_ONLY: Final = "server.databases.read_only or server.databases.default_to_read_only in the server's settings forbids it, or name another database with NEO4J_DATABASE"
_RIGHTS: Final = "use an account that may do this, e.g. with the role publisher to load, architect for constraints"
_ROOM: Final = "its disk may be full, its debug.log tells: make room, start the server again, then run the command again: what is in stays"
_BROKEN: Final = ("Could not append transaction", "critical error", "No space left")


def may_retry(error: BaseException) -> bool:
    """Whether the same unit of work may succeed next time; the ledger makes a repeated commit harmless."""
    if isinstance(error, (IncompleteCommit, ServiceUnavailable, SessionExpired, OSError)):
        return True
    if isinstance(error, (AuthError, ConfigurationError)) or short_of_memory(error):
        return False
    return bool(getattr(error, "is_retryable", lambda: False)()) or (
        isinstance(error, DriverError) and "defunct" in str(error)
    )


def translated(error: BaseException, address: str, *, password: bool, default: str) -> StoreError:
    """Return our error for one of the driver's.

    Parameters
    ----------
    error
        As the driver raised it.
    address
        For the message.
    password
        Whether one was given.
    default
        The next step when the server cannot be reached and nothing tells why.
    """
    code = getattr(error, "code", None) or ""
    message = f"{address}: {_text(error)}"
    if "CredentialsExpired" in code:
        message = f"{address}: the password is right, but must be changed before this account may do anything"
        return StoreUnavailable(message, store=address, hint=_CHANGE)
    if isinstance(error, AuthError) or "Unauthorized" in code:
        if not password:
            message = f"{address}: this server wants a password, and none was given"
        return StoreUnavailable(message, store=address, hint="check NEO4J_USERNAME and NEO4J_PASSWORD")
    if "AccessMode" in code:
        return WriteRefused(message, store=address)
    if isinstance(error, (DriverError, OSError)):
        reason, hint = _lost(error)
        message = f"{address}: {reason}" if reason else message
        return StoreUnavailable(message, store=address, retryable=True, hint=hint or default)
    return _by_server(error, code, message, address)


def _by_server(error: BaseException, code: str, message: str, address: str) -> StoreError:
    """Return the error for one that the server itself reported."""
    if "DatabaseNotFound" in code or "only be executed in a user database" in message:
        return StoreUnavailable(message, store=address, hint="name another database with NEO4J_DATABASE")
    if "ReadOnly" in code or "read only" in message or "read-only" in message:
        return WriteRefused(message, store=address, hint=_READ_ONLY)
    if "Forbidden" in code:
        return StoreError(message, store=address, hint=_RIGHTS)
    if short_of_memory(error):
        return StoreError(message, store=address, hint=_MEMORY)
    if any(words in message for words in _BROKEN):
        return StoreUnavailable(message, store=address, hint=_ROOM)
    return StoreError(message, store=address, retryable=may_retry(error))


def _text(error: BaseException) -> str:
    """Return the first line of the message, with the second where the first only announces it."""
    lines = str(getattr(error, "message", None) or error).strip().splitlines()
    if not lines:
        return type(error).__name__
    return " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]


def _lost(error: BaseException) -> tuple[str, str]:
    """Return reason and next step of a connection that could not be made; empty where nothing special is known."""
    chain = list(causes(error))
    deepest = next((str(e) for e in reversed(chain) if str(e)), "").split(" (_ssl.c")[0]
    said = " ".join(map(str, chain))
    if any(isinstance(e, ssl.SSLCertVerificationError) for e in chain):
        return f"the certificate of the server is not trusted: {deepest}", _TRUST
    if any(isinstance(e, ssl.SSLError) for e in chain):
        return f"no TLS with this server: {deepest}", _PLAIN
    if "looks like HTTP" in said:
        return "an HTTP server answers there, no Neo4j over Bolt", _PORT
    older = "Notification filtering is not supported" in said  # asked of every server, and 4.4 does not know it
    if older or "UnsupportedServerProduct" in {type(e).__name__ for e in chain}:
        return "what answers there does not speak Bolt as Neo4j 5.26 or newer does", NEWER if older else _PORT
    if "Bolt handshake" in said or "incomplete handshake" in said:
        return f"connected, but no greeting of a Neo4j came: {deepest}", _PORT
    if isinstance(error, ServiceUnavailable) and deepest and deepest not in str(error).splitlines()[0]:
        return f"{str(error).splitlines()[0].split(' (resolved to')[0]}: {deepest}", ""
    return "", ""
