"""A measure that is no outcome: what it goes with, within and between persons, with error in it allowed for."""
