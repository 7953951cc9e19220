"""Likeness of items: tags, texts and past co-operations."""
