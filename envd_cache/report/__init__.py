"""Diagnostics as text and JSON. The only place that makes positions 1-based."""
