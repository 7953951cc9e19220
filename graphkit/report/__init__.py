"""Turns any result into a table, a file, a page or a sentence, in Chinese and English."""
