"""`python -m envd_cache`: the same as `envd-cache`."""

from envd_cache.cli import run

if __name__ == "__main__":
    run()
