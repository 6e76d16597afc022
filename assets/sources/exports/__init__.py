"""What reference managers export: RIS, BibTeX, EndNote XML."""
