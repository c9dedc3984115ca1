"""The linter: what is likely wrong in a file, a target or a repository while BuildKit says nothing."""
