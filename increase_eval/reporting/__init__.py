"""Disclosure control, tables, figures, documents and their translations."""
