"""The language server: one pure module a feature, and a thin server over them."""
