"""Who is reached by several partners together: overlap and profit split."""
