"""The arithmetic that models share: design frames, linear and generalised linear fits, estimating equations."""
