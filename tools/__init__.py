"""Programs for people who work on envd-cache; no part of the package."""
