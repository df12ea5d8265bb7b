"""How groups and waves compare."""
