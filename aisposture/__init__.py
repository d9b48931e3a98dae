"""Agentless multi-cloud posture scanner with an attack-path graph for AI agents.

The public functions are loaded on first use, so that importing the package stays cheap:

* ``aisposture.scan(scope, out)`` collects and writes a snapshot;
* ``aisposture.analyse(inventory)`` turns a snapshot into a report;
* ``aisposture.Inventory.read(folder)`` reads a snapshot.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Inventory", "__version__", "analyse", "scan"]

if TYPE_CHECKING:
    from aisposture.model.inventory import Inventory
    from aisposture.pipeline import analyse, scan


def __getattr__(name: str) -> Any:
    if name == "Inventory":
        from aisposture.model.inventory import Inventory

        return Inventory
    if name in {"scan", "analyse"}:
        from aisposture import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'aisposture' has no attribute {name!r}")
