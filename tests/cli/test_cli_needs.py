"""An option that counts only beside another is refused without it, before any work; nothing typed is ignored in silence."""

import click
import pytest

from graphkit.cli import cli
from graphkit.cli.commands import COMMANDS

ALONE = [
    (("match", "Film:f01", "--to", "Film"), ("--vectors", "embedding"), "--by vector"),
    (("match", "Film:f01", "--to", "Film", "--by", "jaccard"), ("--vectors", "embedding"), "--by vector"),
    (("seeds", "--k", "2"), ("--cost", "price"), "--budget"),
    (("seeds", "--k", "2"), ("--unit-cost", "3"), "--budget"),
    (("seeds", "--k", "2", "--model", "lt"), ("--transmission", "0.2"), "--model sir|si"),
    (("seeds", "--k", "2", "--model", "si"), ("--recovery", "0.2"), "--model sir"),
    (("simulate", "--seeds", "u1"), ("--recovery", "0.2"), "--model sir|sis"),
    (("experiment", "design"), ("--kind", "click"), "--events"),
    (("experiment", "analyse", "design.json", "--outcomes", "t.csv"), ("--since", "5"), "--events"),
    (("experiment", "analyse", "design.json", "--events", "."), ("--outcome", "bought"), "--outcomes"),
    (("recommend", "u1"), ("--half-life", "30"), "--events"),
    (("recommend", "u1"), ("--worlds", "30"), "--by cascade"),
    (("overlap", "Channel:c1", "Channel:c2"), ("--probability", "0.1"), "--spread"),
    (("recommend", "u1"), ("--blend", "z"), "--by fused"),
    (("profile", "u1"), ("--half-life", "30"), "--events"),
    (("profile", "u1"), ("--min-cell", "5"), "--clusters|--lift|--audience"),
    (("evaluate", "P-1", "--events", "."), ("--step", "click"), "--funnel"),
    (("overlap", "Channel:c1", "Channel:c2"), ("--worlds", "50"), "--spread"),
    (("outcomes", "propensity", "t.csv", "--label", "bought"), ("--days", "9"), "--events"),
    (("outcomes", "propensity", "--events", "."), ("--label", "bought"), "TABLE"),
    (("outcomes", "retention", "t.csv"), ("--first-days", "9"), "--events"),
    (("outcomes", "lifetime", "--events", "."), ("--absorbing", "churned"), "TABLE"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder without a store: what is refused is refused before one is opened."""
    return tmp_path_factory.mktemp("needs")


@pytest.mark.parametrize(("words", "typed", "needs"), ALONE)
def test_an_option_without_the_one_it_needs_is_refused_by_name(gk, words, typed, needs):
    """Exit 2 with the option and what it needs, before a store or a file is looked for."""
    code, out, err = gk(*words, *typed)
    assert (code, out, err.splitlines()[-1]) == (2, "", f"Error: {typed[0]} needs {needs}: else it changes nothing")


def test_the_default_typed_out_is_refused_too(gk):
    """Who types a value means it to count, even the one it has."""
    assert gk("seeds", "--k", "2", "--unit-cost", "1")[0] == 2


def test_zero_is_a_value(gk):
    """--clusters 0 chooses their number: it goes on until the missing store is found."""
    code, _, err = gk("profile", "--clusters", "0", "--min-cell", "1")
    assert (code, "changes nothing" in err) == (4, False)


@pytest.mark.parametrize("source", ["settings", "variable"])
def test_a_default_of_the_settings_or_a_variable_waits_for_what_it_needs(gk, home, monkeypatch, source):
    """One settings file serves runs with --k and with --budget: it goes on until the missing store is found."""
    before = []
    if source == "settings":
        (home / "graphkit.toml").write_text("[seeds]\nunit_cost = 3.0\n", encoding="utf-8")
        before = ["--config", home / "graphkit.toml"]
    else:
        monkeypatch.setenv("GRAPHKIT_SEEDS_UNIT_COST", "3")
    code, _, err = gk(*before, "seeds", "--k", "2")
    assert (code, "changes nothing" in err) == (4, False)


def test_what_an_option_needs_is_there():
    """Every named option, argument and value belongs to the command, and the value is not the default."""
    top, checked = click.Context(cli, info_name="graphkit"), 0
    for name in COMMANDS:
        command = cli.get_command(top, name)
        for one in command.commands.values() if isinstance(command, click.Group) else [command]:
            by_name = {word: each for each in one.params for word in (*each.opts, each.name.upper())}
            for option in one.params:
                names, _, values = getattr(option, "needs", "").partition(" ")
                for word in names.split("|") if names else ():
                    wanted = set(values.split("|")) if values else set()
                    assert wanted <= set(getattr(by_name[word].type, "choices", ())), (name, option)
                    assert by_name[word].default not in wanted, (name, option)
                    checked += 1
    assert checked >= len(ALONE)


def test_it_is_refused_in_chinese(gk):
    """The catalogue holds the sentence."""
    err = gk("--lang", "zh", "seeds", "--k", "2", "--cost", "price")[2]
    assert "--cost 需要与 --budget 一起给出，否则不起作用" in err
