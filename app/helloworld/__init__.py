"""A small web service that greets, and says which version of itself greeted."""

__version__ = "1.0.0"
