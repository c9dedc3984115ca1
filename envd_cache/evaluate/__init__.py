"""Runs build files and records what they do. Knows Starlark and files; knows no plan and no output."""
