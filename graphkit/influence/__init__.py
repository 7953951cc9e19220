"""Seed users under a count or a budget, with a certificate."""
