"""A cohort written as the raw files that partners send."""
