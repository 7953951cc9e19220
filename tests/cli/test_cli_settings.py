"""Precedence flag > environment > file > default, and what settings refuse."""

import pytest

from graphkit.cli import cli, run
from graphkit.config import Settings, is_server, option_name, read_config
from graphkit.errors import InvalidParameter


@pytest.mark.parametrize(
    ("store", "server"),
    [("bolt://h:1", True), ("neo4j+s://h", True), ("memory://", False), (".graphkit", False), ("/a/bolt", False)],
)
def test_is_server(store, server):
    """Only bolt and neo4j addresses name a server."""
    assert is_server(store) is server


def test_option_names_follow_python():
    """Dashes and keywords become Python names."""
    assert [option_name(key) for key in ("max-steps", "for", "as", "budget")] == ["max_steps", "for_", "as_", "budget"]


def test_password_never_shows():
    """The password is taken from the environment and stays out of repr."""
    settings = Settings.resolve(
        environment={"NEO4J_PASSWORD": "gk-canary", "NEO4J_USERNAME": "eve"}, store="bolt://127.0.0.1:1"
    )
    assert settings.password == "gk-canary"
    assert settings.username == "eve"
    assert "gk-canary" not in repr(settings)
    assert settings.sources["username"] == "environment NEO4J_USERNAME"


def test_environment_beats_file():
    """The environment wins over the table neo4j of the file; what neither names is a default."""
    file = {"neo4j": {"username": "file", "database": "films"}}
    settings = Settings.resolve(file=file, environment={"NEO4J_USERNAME": "environment"})
    assert (settings.username, settings.database, settings.password) == ("environment", "films", None)
    assert settings.sources["database"] == "graphkit.toml"
    assert settings.sources["password"] == "default"


@pytest.mark.parametrize(
    "store", ["bolt://eve:pw@host:7687", "neo4j+s://eve@host", "bolt:/eve:pw@host", "neo4j+s:eve:pw@host:7687"]
)
def test_address_with_credentials_is_refused(store):
    """A password in an address would end in process lists."""
    with pytest.raises(InvalidParameter) as caught:
        Settings(store=store)
    assert "NEO4J_PASSWORD" in caught.value.hint
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("text", ["password = 'x'\n", "[neo4j]\npassword = 'x'\n", "a = \n", "\ufeff["])
def test_bad_files_are_refused(text, tmp_path):
    """Secrets and broken TOML are refused with the name of the file."""
    path = tmp_path / "graphkit.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidParameter) as caught:
        read_config(path)
    assert "graphkit.toml" in str(caught.value)


def _plan_budget(args, monkeypatch):
    """The budget that the command plan receives."""
    got = []
    import graphkit.cli.plan as module

    monkeypatch.setattr(
        module.plan, "callback", lambda **options: got.append((options["budget"], str(options["for_"])))
    )
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)
    assert run(args) == 0
    return got[0]


def test_precedence_of_a_command_option(tmp_path, monkeypatch):
    """Flag over environment over file, for an option of a command, keywords included."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graphkit.toml").write_text('[plan]\nbudget = 110\nfor = "Film:f9"\n')
    assert _plan_budget(["plan"], monkeypatch) == (110.0, "Film:f9")
    monkeypatch.setenv("GRAPHKIT_PLAN_BUDGET", "120")
    monkeypatch.setenv("GRAPHKIT_PLAN_FOR", "Film:f8")
    assert _plan_budget(["plan"], monkeypatch) == (120.0, "Film:f8")
    assert _plan_budget(["plan", "--budget", "130", "--for", "Brand:b:天猫"], monkeypatch) == (130.0, "Brand:b:天猫")


def test_unknown_key_of_the_file_is_refused(tmp_path, monkeypatch, capsys):
    """A key that no option bears is a mistake, not silence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)
    (tmp_path / "graphkit.toml").write_text("[plan]\nbuget = 110\n")
    assert run(["plan", "--for", "Film:f1"]) == 2
    assert "'budget'" in capsys.readouterr().err


def test_doctor_tells_sources(tmp_path, monkeypatch, capsys):
    """The command doctor --settings names value and origin of each setting, never a password."""
    import json

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)
    (tmp_path / "graphkit.toml").write_text('store = "here"\n[plan]\nbudget = 110\n')
    monkeypatch.setenv("GRAPHKIT_PLAN_WAVES", "2")
    monkeypatch.setenv("NEO4J_PASSWORD", "gk-canary")
    assert run(["doctor", "--settings", "--format", "json"]) == 0
    out = capsys.readouterr().out
    rows = {row["setting"]: (row["value"], row["source"]) for row in json.loads(out)}
    assert rows["store"] == ("here", "settings file")
    assert rows["plan.budget"] == ("110", "graphkit.toml")
    assert rows["plan.waves"] == ("2", "environment GRAPHKIT_PLAN_WAVES")
    assert "gk-canary" not in out


def test_no_password_option():
    """There is no option that takes a password, on any command."""
    import click

    ctx = click.Context(cli, info_name="graphkit")
    options = [
        option
        for name in cli.list_commands(ctx)
        for parameter in cli.get_command(ctx, name).params
        for option in parameter.opts
    ]
    assert not [option for option in [*options, *(o for p in cli.params for o in p.opts)] if "pass" in option]
