"""The commands as data: listing them must not import them (help stays under 150 ms)."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["COMMANDS", "SECTIONS", "Entry"]


class Entry(NamedTuple):
    """One command: the module under ``graphkit.cli`` that defines it and its line in the help."""

    module: str
    help: str


SECTIONS: dict[str, dict[str, Entry]] = {
    "Start": {
        "demo": Entry("demo", "Make a synthetic campaign, plan it, write plan.html."),
        "doctor": Entry("doctor", "Check this machine, the store and the settings."),
        "schema": Entry("schema", "Create constraints and indexes in the store."),
    },
    "Data": {
        "check": Entry("check", "Report every bad row of an input directory."),
        "load": Entry("load", "Load an input directory; a second time changes nothing."),
        "export": Entry("export", "Write the graph as Parquet or for neo4j-admin import."),
        "query": Entry("query", "Run a named query, or a read-only text of your own."),
    },
    "Spread": {
        "learn": Entry("learn", "Learn who passes things on to whom, from events."),
        "simulate": Entry("simulate", "Expected spread from given seed users."),
        "seeds": Entry("seeds", "Choose seed users under a number or a budget."),
    },
    "Rankings": {
        "rank": Entry("rank", "Rank nodes of a label by their closeness to one node."),
        "links": Entry("links", "Predict ties that are likely but missing."),
        "communities": Entry("communities", "Find groups of users or pages."),
        "match": Entry("match", "Match one item to others by shared tags."),
        "search": Entry("search", "Find films, courses, brands by words, zh or en."),
        "recommend": Entry("recommend", "Recommend courses or films to users, with reasons."),
        "profile": Entry("profile", "Show what users are interested in, as tags."),
        "tag": Entry("tag", "Propose tags for items from their words."),
        "path": Entry("path", "List what to take before a course."),
        "overlap": Entry("overlap", "Shared, exclusive and added reach of audiences."),
    },
    "Planning": {
        "plan": Entry("plan", "Choose promotion channels under a budget."),
        "partners": Entry("partners", "Choose partner brands and split the profit."),
        "whatif": Entry("whatif", "Compare a plan with a changed one, same worlds."),
        "replan": Entry("replan", "Plan the waves left for what happened so far."),
        "verify": Entry("verify", "Make a plan again: every number must be the same."),
        "explain": Entry("explain", "Say why each channel is in or out of a plan."),
        "evidence": Entry("evidence", "Show the query behind each number of a plan."),
        "report": Entry("report", "Write a plan as one HTML page."),
        "evaluate": Entry("evaluate", "Compare a plan with what happened."),
    },
    "Effect": {
        "offers": Entry("offers", "What offers cost, who gets which, which to exchange."),
        "experiment": Entry("experiment", "Test a measure on people who talk to each other."),
        "outcomes": Entry("outcomes", "Purchase, staying, lifetime value, uplift."),
    },
}

COMMANDS: dict[str, Entry] = {name: entry for section in SECTIONS.values() for name, entry in section.items()}
