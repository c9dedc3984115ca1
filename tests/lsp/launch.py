"""How the tests start the server."""

from __future__ import annotations

import sys

SERVER = (sys.executable, "-P", "-m", "envd_cache", "lsp")
