"""Real builds: what a client is started with, what the engine can do, and what it did."""
