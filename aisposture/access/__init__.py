"""Who can do what: the law of each cloud."""

from aisposture.access.evaluate import evaluate

__all__ = ["evaluate"]
