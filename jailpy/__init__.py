"""Run Python that nobody trusts, as an ordinary user."""

__version__ = "0.1.0"
