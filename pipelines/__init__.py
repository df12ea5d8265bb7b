"""Dagster: names, connects, checks and stores what the library computes."""
