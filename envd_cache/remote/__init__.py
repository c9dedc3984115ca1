"""Caches where they lie: in a registry or a directory."""
