"""Renderers, one file per format: each has ``FORMAT``, ``SUFFIX`` and ``render(report) -> str | bytes``.

A new format is a new file in this package; nothing else names it.
"""

import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from aisposture.errors import UsageError
from aisposture.model.finding import Report


@cache
def _renderers() -> dict[str, ModuleType]:
    modules = (import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return {module.FORMAT: module for module in modules if hasattr(module, "FORMAT")}


def formats() -> tuple[str, ...]:
    """The names of all formats, sorted."""
    return tuple(sorted(_renderers()))


def _renderer(name: str) -> ModuleType:
    try:
        return _renderers()[name]
    except KeyError:
        raise UsageError(f"there is no report format '{name}'; there are {', '.join(formats())}") from None


def file_name(name: str) -> str:
    """The name of the file that a report in format ``name`` is written to.

    Raises:
        UsageError: there is no such format.
    """
    return f"report.{_renderer(name).SUFFIX}"


def render(report: Report, name: str) -> bytes:
    """``report`` in format ``name``.

    Raises:
        UsageError: there is no such format.
    """
    made = _renderer(name).render(report)
    return made if isinstance(made, bytes) else str(made).encode()


def write(report: Report, folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """The files that ``report`` was written to in ``folder``, one for each format, in the order given.

    Every format is rendered before the first file is written, and each file appears whole or not at all.

    Raises:
        UsageError: there is no such format, or the folder cannot be written.
    """
    made = [(folder / file_name(name), render(report, name)) for name in dict.fromkeys(names)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in made:
            partial = path.with_name(f".{path.name}.part")
            partial.write_bytes(content)
            partial.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from error
    return tuple(path for path, _ in made)
