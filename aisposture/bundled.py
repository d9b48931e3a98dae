"""Finds the rules and fixtures that travel with aisposture, in a checkout and in an installed wheel alike."""

from pathlib import Path

from aisposture.errors import AispostureError

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """The folder ``name`` (``rules``, ``fixtures/northwind``) as shipped with this installation.

    Raises:
        AispostureError: neither the wheel nor a checkout around this package holds it.
    """
    for root in (_PACKAGE / "_bundled", _PACKAGE.parent):
        folder = root / name
        if folder.is_dir():
            return folder
    raise AispostureError(f"this installation of aisposture lacks its folder '{name}'")
