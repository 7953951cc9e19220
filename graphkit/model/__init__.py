"""The shared words: labels, relationship types, records, validation and column tables."""
