"""From raw bytes to canonical records: text cleaned, links found, what cannot be read quarantined with its reason."""
