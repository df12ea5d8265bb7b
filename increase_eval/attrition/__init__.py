"""Who left, and what that may have done to the results."""
