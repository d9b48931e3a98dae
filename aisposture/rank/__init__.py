"""Ranking: how severe a path is (likelihood class x impact class, a lookup), and kept apart from it how sure we are.

The weights are asserted ordering devices, not measured probabilities: they decide membership of a class and the order inside
a band. Every number is printed with its reason.
"""

from aisposture.rank.findings import findings, shown_nodes
from aisposture.rank.score import Factors, score

__all__ = ["Factors", "findings", "score", "shown_nodes"]
