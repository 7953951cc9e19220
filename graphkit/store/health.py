"""What can be wrong with a store, one check at a time, each with the way to mend it: what `graphkit doctor` asks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from graphkit.store.constraints import SHOW, held, wanted
from graphkit.store.record import READ_RECORD
from graphkit.store.schema_steps import checksum, schema_steps
from graphkit.store.statements import SCHEMA, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Rows = list[dict[str, Any]]
    Ask = Callable[[str], Rows]

__all__ = ["Check", "check_server", "check_store"]

SKEW: Final = 30.0  # seconds between two clocks that still mean the same day's windows and leases


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Parameters
    ----------
    name, value
        What was looked at and what was found.
    ok
        Whether it is as it should be.
    fix
        What to do when it is not.
    """

    name: str
    ok: bool
    value: str
    fix: str = ""


def check_store(ask: Ask) -> Iterator[Check]:
    """Look at the record, the clock and the schema of a store that runs Cypher."""
    found = ask(READ_RECORD)
    state = (found[0]["p"] or {}).get("state", "ready") if found else "empty"
    yield Check("load", state != "loading", state, "a load was cut off or is going on: run graphkit load DIR again")
    yield _clock(ask)
    yield _schema(ask)


def _clock(ask: Ask) -> Check:
    """Compare the server's clock with ours; half the time of the question is not held against it."""
    before = time.time()
    server = ask("RETURN timestamp() AS now")[0]["now"] / 1000
    after = time.time()
    skew = server - (before + after) / 2
    ok = abs(skew) <= SKEW + (after - before) / 2
    return Check(
        "clock",
        ok,
        f"{skew:+.1f} s against this machine",
        "set both clocks by NTP: times of loads and leases are compared",
    )


def _schema(ask: Ask) -> Check:
    """Compare the schema steps that were applied with those of this version."""
    known = {
        r["id"]: r["checksum"] for r in ask(f"MATCH (v:{quote(SCHEMA)}) RETURN v.id AS id, v.checksum AS checksum")
    }
    steps = schema_steps()
    if not known:
        return Check("schema", True, f"none of {len(steps)} steps applied yet: load and schema apply do it")
    other = sorted(name for name in known if name in steps and known[name] != checksum(steps[name]))
    if other:
        return Check(
            "schema", False, f"{other[0]} was applied with another text", "export the data and load it into a new store"
        )
    newer, missing = sorted(set(known) - set(steps)), sorted(set(steps) - set(known))
    if newer:
        return Check("schema", False, f"{newer[-1]} is of a newer graphkit", "upgrade graphkit-planner")
    value = f"{len(steps) - len(missing)} of {len(steps)} steps applied, last {max(known)}"
    return Check("schema", not missing, value, "graphkit schema apply")


def check_server(ask: Ask, hints: dict[str, Any] | None) -> Iterator[Check]:
    """Look at what only a Neo4j server has: edition, account, constraints, the read timeout it asks clients for."""
    for row in ask("CALL dbms.components() YIELD name, versions, edition RETURN name, versions, edition"):
        yield Check("server", True, f"{row['name']} {', '.join(row['versions'])} {row['edition']}")
    user = ask("SHOW CURRENT USER YIELD user, roles RETURN user, roles")
    roles = (user[0]["roles"] or []) if user else []
    yield Check(
        "account",
        True,
        f"{user[0]['user'] if user else 'none'}: {', '.join(roles) or 'all rights (no roles in this edition)'}",
    )
    needed = wanted(text for texts in schema_steps().values() for text in texts)
    missing = needed.keys() - held(ask(SHOW))
    applied = ask(f"MATCH (v:{quote(SCHEMA)}) RETURN count(v) AS n")[0]["n"]
    lost = sorted(needed[key] for key in missing) if applied else []
    value = f"{len(needed) - len(missing)} of {len(needed)}" + (f", missing {', '.join(lost[:3])}" if lost else "")
    yield Check("constraints", not lost, value, "graphkit schema apply creates them again")
    waiting = [r["name"] for r in ask("SHOW INDEXES YIELD name, state WHERE state <> 'ONLINE' RETURN name")]
    yield Check(
        "indexes",
        not waiting,
        f"{len(waiting)} not online" if waiting else "all online",
        "wait until they are built, then try again",
    )
    seconds = (hints or {}).get("connection.recv_timeout_seconds")
    value = f"{seconds} s without a word" if seconds else "none asked for by the server"
    yield Check("dead lines", True, f"{value}; graphkit's own watch begins at 5 s")
