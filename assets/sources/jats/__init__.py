"""JATS: articles with their full text, and PMC's bucket of them."""
