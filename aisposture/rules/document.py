"""YAML with line numbers: every value knows where it stands, so that every mistake can be told with its place."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import yaml

from aisposture.errors import FileError

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_VALUES = 100_000
"""Values in one file, those that aliases repeat counted each time."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}
_TIME = "tag:yaml.org,2002:timestamp"


def near(word: str, known: Iterable[str]) -> str:
    """What to add to a message about an unknown ``word``: near misses, else the known words."""
    words = sorted(set(known))
    close = get_close_matches(word, words, n=3, cutoff=0.6) or [
        one for one in words if one.lower() == word.lower()
    ]
    if close:
        return f"; did you mean {' or '.join(repr(one) for one in close)}?"
    shown = ", ".join(words[:40])
    return f"; known: {shown}{' ...' if len(words) > 40 else ''}" if words else ""


class Doc:
    """A value of a YAML file and its place.

    Attributes:
        value: a dict of Docs by key, a list of Docs, or a plain scalar.
        line: 1-based.
        field: dotted path from the top of the file.
    """

    def __init__(self, value: Any, file: Path, line: int, field: str) -> None:
        self.value = value
        self.file = file
        self.line = line
        self.field = field

    def fail(self, message: str) -> NoReturn:
        """Raise a ``FileError`` about this value."""
        raise FileError(message, path=self.file, line=self.line, field=self.field or None)

    def mapping(self, known: Iterable[str] | None = None) -> dict[str, "Doc"]:
        """Its keys and values; every key must be ``known``, where that is given."""
        if not isinstance(self.value, dict):
            self.fail(f"expected a mapping, found {self.shown()}")
        for key, doc in self.value.items():
            if known is not None and key not in known:
                doc.fail(f"unknown word {key!r}{near(key, known)}")
        return self.value

    def items(self) -> list["Doc"]:
        """Its entries; it must be a list."""
        if not isinstance(self.value, list):
            self.fail(f"expected a list, found {self.shown()}")
        return self.value

    def one_or_more(self) -> list["Doc"]:
        """Its entries, or itself where it is a single value."""
        return self.value if isinstance(self.value, list) else [self]

    def text(self) -> str:
        """Its text; it must be a string that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.fail(f"expected text, found {self.shown()}")
        return self.value

    def word(self, known: Iterable[str], what: str) -> str:
        """Its text, which must be one of ``known``."""
        words = set(known)
        text = self.text()
        if text not in words:
            self.fail(f"unknown {what} {text!r}{near(text, words)}")
        return text

    def whole(self, least: int = 0) -> int:
        """Its number; it must be a whole number of at least ``least``."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < least:
            self.fail(f"expected a whole number of at least {least}, found {self.shown()}")
        return self.value

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: doc.plain() for key, doc in self.value.items()}
        if isinstance(self.value, list):
            return [doc.plain() for doc in self.value]
        return self.value

    def shown(self) -> str:
        """What it is, for messages."""
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        return "nothing" if self.value is None else repr(self.value)


def read(file: Path) -> Doc:
    """The one document in ``file``.

    Raises:
        FileError: it cannot be read, is no YAML, too large or too deep, or uses duplicate keys or special tags.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FileError(error.strerror or "cannot be read", path=file) from None
    return parse(data, file)


def parse(data: bytes | str, file: Path, *, first_line: int = 1) -> Doc:
    """The one document in ``data``; ``first_line`` is where it begins in ``file``.

    Raises:
        FileError: see ``read``.
    """
    if len(data) > MAX_BYTES:
        raise FileError(f"larger than {MAX_BYTES:,} bytes", path=file)
    shift = first_line - 1
    try:
        _guard(data, file, shift)
        documents = list(yaml.compose_all(data, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 + shift if mark is not None else None
        raise FileError(f"not YAML: {error.problem}", path=file, line=line) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FileError(f"not YAML: {' '.join(str(error).split())}", path=file) from None
    if len(documents) != 1 or documents[0] is None:
        raise FileError(f"expected one YAML document, found {len(documents)}", path=file)
    return _Reader(file, shift).doc(documents[0], "")


def _guard(data: bytes | str, file: Path, shift: int) -> None:
    """Refuse what could grow or sink when it is composed."""
    depth = 0
    for event in yaml.parse(data, Loader=_Loader):
        line = (event.start_mark.line if event.start_mark else 0) + 1 + shift
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise FileError(f"nested deeper than {MAX_DEPTH} levels", path=file, line=line)


class _Reader:
    def __init__(self, file: Path, shift: int) -> None:
        self._file = file
        self._shift = shift
        self._constructor = yaml.constructor.SafeConstructor()
        self._values = 0

    def doc(self, node: yaml.Node, field: str) -> Doc:
        line = node.start_mark.line + 1 + self._shift
        self._values += 1
        if self._values > MAX_VALUES or field.count(".") + field.count("[") > 2 * MAX_DEPTH:
            raise FileError("aliases make this too large", path=self._file, line=line)
        if isinstance(node, yaml.MappingNode):
            return Doc(dict(self._pairs(node, field)), self._file, line, field)
        if isinstance(node, yaml.SequenceNode):
            items = [self.doc(one, f"{field}[{place}]") for place, one in enumerate(node.value)]
            return Doc(items, self._file, line, field)
        if node.tag == _TIME:
            return Doc(node.value, self._file, line, field)  # policy versions and times are text here
        if node.tag not in _PLAIN:
            Doc(None, self._file, line, field).fail(
                f"a value of type {node.tag.rpartition(':')[2]}; put it in quotes"
            )
        try:
            value = self._constructor.construct_object(node)
        except (ValueError, yaml.YAMLError):
            Doc(None, self._file, line, field).fail(f"not a value of type {node.tag.rpartition(':')[2]}")
        return Doc(value, self._file, line, field)

    def _pairs(self, node: yaml.MappingNode, field: str) -> Iterator[tuple[str, Doc]]:
        seen = set()
        for key_node, value_node in node.value:
            key = self.doc(key_node, field)
            if isinstance(key.value, dict | list) or key.value is None:
                key.fail("a key must be a word")
            name = key_node.value if not isinstance(key.value, str) else key.value
            doc = self.doc(value_node, f"{field}.{name}" if field else name)
            doc.line = key.line
            if name in seen:
                doc.fail(f"{name!r} stands here twice")
            seen.add(name)
            yield name, doc
