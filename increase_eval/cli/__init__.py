"""The command line, one module a command."""

from increase_eval.cli.app import main

__all__ = ["main"]
