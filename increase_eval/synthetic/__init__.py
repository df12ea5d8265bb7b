"""Cohorts with known truth, written as raw exports."""
