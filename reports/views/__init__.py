"""Pages of the reports centre."""
