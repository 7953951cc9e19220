"""``graphkit outcomes``: purchase, staying, lifetime value, uplift; from a table, or from the store and its events."""

from __future__ import annotations

import click

from graphkit.cli.group import Group
from graphkit.cli.outcomes_lifetime import lifetime, retention
from graphkit.cli.outcomes_propensity import profile, propensity
from graphkit.cli.outcomes_uplift import uplift

__all__ = ["outcomes"]


@click.group(
    cls=Group,
    examples=["graphkit outcomes propensity customers.csv --label bought", "graphkit outcomes lifetime --events data/"],
)
def outcomes() -> None:
    """Estimate what people do next, each figure beside what chance alone would give."""


for command in (propensity, profile, retention, lifetime, uplift):
    outcomes.add_command(command)
