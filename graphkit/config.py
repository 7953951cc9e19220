"""Settings: what the command line resolved, once, from flags, environment and file.

Precedence is flag > environment > ``graphkit.toml`` > default. click resolves every option
that way by itself (``auto_envvar_prefix``, ``default_map``); this module reads the file,
keeps the connection to the store together and knows where each of its values came from.
The library takes plain arguments and never reads the environment itself.
"""

from __future__ import annotations

import keyword
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONFIG_FILE", "DEFAULT_STORE", "Settings", "is_server", "option_name", "read_config"]

CONFIG_FILE = "graphkit.toml"
DEFAULT_STORE = ".graphkit"
_SERVER_SCHEMES = ("bolt", "neo4j")
_LOGIN = re.compile(
    r"([^/:]+://|(bolt|neo4j)(\+s|\+ssc)?:).*@", re.DOTALL | re.IGNORECASE
)  # slashes are easily forgotten
_SECRET_KEYS = frozenset({"password", "passwd", "secret", "token"})
_ENVIRONMENT = {"username": "NEO4J_USERNAME", "password": "NEO4J_PASSWORD", "database": "NEO4J_DATABASE"}


def is_server(store: str) -> bool:
    """Say whether ``store`` names a Bolt server rather than a directory."""
    scheme, mark, _ = store.partition("://")
    return bool(mark) and scheme.partition("+")[0] in _SERVER_SCHEMES


def option_name(key: str) -> str:
    """Return the option a key of the file stands for: ``max-steps`` and ``for`` become Python names."""
    name = key.replace("-", "_")
    return name + "_" if keyword.iskeyword(name) else name


def read_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of a ``graphkit.toml``, with keys spelled as option names.

    Parameters
    ----------
    path : path
        The file, in TOML: options of all commands at the top, one table per command.

    Raises
    ------
    InvalidParameter
        The file is missing, is no TOML, or holds a password.
    """
    import tomllib

    try:
        with Path(path).open("rb") as file:
            found = tomllib.load(file)
    except OSError as error:
        message = f"the settings file {os.fspath(path)} cannot be read: {error.strerror}"
        raise InvalidParameter(message, parameter="config", value=os.fspath(path)) from error
    except (ValueError, RecursionError) as error:
        message = f"{os.fspath(path)} is no valid TOML: {error}"
        raise InvalidParameter(message, parameter="config", value=os.fspath(path)) from error
    return _named(found, os.fspath(path))


def _named(table: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Spell the keys of a table and its inner tables as option names; refuse secrets."""
    named: dict[str, Any] = {}
    for key, value in table.items():
        if key.lower() in _SECRET_KEYS:
            message = f"{source} holds {key!r}: secrets do not belong into the settings file"
            raise InvalidParameter(message, parameter=key, hint="set NEO4J_PASSWORD in the environment instead")
        named[option_name(key)] = _named(value, source) if isinstance(value, dict) else value
    return named


@dataclass(frozen=True)
class Settings:
    """Where the graph is and how to talk to the user; resolved once per command.

    Parameters
    ----------
    store : str
        Directory of the embedded store, or ``bolt://``, ``neo4j://`` (with ``+s`` for TLS), ``memory://``.
    username, password, database : str, optional
        Only used when ``store`` names a server. The password never shows in ``repr``.
    insecure : bool
        Allow an unencrypted connection to another machine.
    verbosity : int
        -1 quiet, 0 normal, 1 and more: say more.
    progress : bool
        Show progress (only ever on a terminal).
    color : bool or None
        Force colours on or off; None decides by the terminal and ``NO_COLOR``.
    sources : mapping
        Field name to where its value came from: flag, environment, file, default.
    """

    store: str = DEFAULT_STORE
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    insecure: bool = False
    verbosity: int = 0
    progress: bool = True
    color: bool | None = None
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse an address that carries a password: it would end in logs and process lists."""
        if _LOGIN.match(self.store):
            message = "the address of the store holds a user name or password"
            hint = "use NEO4J_USERNAME and NEO4J_PASSWORD, and an address such as neo4j+s://host:7687"
            raise InvalidParameter(message, parameter="store", hint=hint)

    @property
    def server(self) -> bool:
        """Whether the store is a Bolt server."""
        return is_server(self.store)

    @classmethod
    def resolve(
        cls,
        *,
        file: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        sources: Mapping[str, str] | None = None,
        **given: Any,
    ) -> Settings:
        """Complete what the flags gave with the connection settings of environment and file.

        Parameters
        ----------
        file : mapping, optional
            Content of ``graphkit.toml``; its table ``neo4j`` may hold ``username`` and ``database``.
        environment : mapping, optional
            Environment to read ``NEO4J_*`` from; default the process environment.
        sources : mapping, optional
            Where the given fields came from.
        **given
            Fields already resolved (flags).
        """
        environment = os.environ if environment is None else environment
        table = (file or {}).get("neo4j", {})
        origin = dict(sources or {})
        values = {name: value for name, value in given.items() if value is not None}
        for name, variable in _ENVIRONMENT.items():
            if environment.get(variable):
                values[name], origin[name] = environment[variable], f"environment {variable}"
            elif name != "password" and isinstance(table, dict) and table.get(name):
                values[name], origin[name] = str(table[name]), CONFIG_FILE
            else:
                origin[name] = "default"
        return cls(sources=origin, **values)
