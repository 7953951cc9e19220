"""Groups found in the graph: Leiden communities and their quality."""
