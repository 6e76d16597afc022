"""Europe PMC: the answers of its search."""
