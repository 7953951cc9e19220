"""Scores of nodes: personalised PageRank of one and of many sources, link prediction."""
