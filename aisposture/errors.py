"""Every error that aisposture raises on purpose.

``AispostureError``
    ├── ``UsageError``      exit 2: a command line, configuration, rule or user file that cannot be used
    │     └── ``FileError`` the same, with file, line and field
    ├── ``MissingExtra``    exit 2: a command needs packages that are not installed
    ├── ``SnapshotError``   exit 2: a snapshot that cannot be read (version, truncation, tampering)
    ├── ``StoreError``      exit 4: the graph server is down, refuses or is too old
    └── ``ScanError``       exit 4: the scan itself could not be made
          └── ``WriteAttempt``  a call that is not a declared read reached the wire's door
"""

from pathlib import Path


class AispostureError(Exception):
    """A mistake or failure that is told to the user in one line, never as a traceback."""

    exit_code = 4


class UsageError(AispostureError):
    """Something the user gave cannot be used as it is."""

    exit_code = 2


class FileError(UsageError):
    """A file of the user's has a mistake at a known place.

    Attributes:
        path: the file.
        line: 1-based line, or None where only the file is known.
        field: dotted path of the field, or None.
    """

    def __init__(
        self, message: str, *, path: Path | str, line: int | None = None, field: str | None = None
    ) -> None:
        self.path = Path(path)
        self.line = line
        self.field = field
        place = f"{path}:{line}" if line is not None else str(path)
        where = f"{place}: {field}" if field else place
        super().__init__(f"{where}: {message}")


class MissingExtra(UsageError):  # noqa: N818 - it names what is missing
    """A command needs an optional set of packages."""

    def __init__(self, extra: str, what: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs the extra '{extra}': pip install 'aisposture[{extra}]'")


class SnapshotError(AispostureError):
    """A snapshot folder that cannot be trusted or understood."""

    exit_code = 2


class StoreError(AispostureError):
    """The graph server could not be reached, refused the login or is too old."""


class ScanError(AispostureError):
    """A scan that could not be made at all; a partial scan is not an error but a list of Gaps."""


class WriteAttempt(ScanError):  # noqa: N818 - it names what happened
    """A request that no Kind declares as a read was stopped before it reached the wire."""
