"""A whole repository at once: finds build files, runs them in processes that may die, keeps results."""
