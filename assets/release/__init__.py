"""Publishing a day: one transaction that replaces the day in the lake, or none."""
