"""From items to scores."""
