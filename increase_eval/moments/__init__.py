"""Additive sufficient statistics by missingness pattern, and the normal-theory algebra over them."""
