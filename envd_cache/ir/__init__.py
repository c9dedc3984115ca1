"""The plan: what recorded calls mean, checked and merged. Knows no output dialect."""
