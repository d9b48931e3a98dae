"""Policy variables: ``${aws:username}``, ``${aws:PrincipalTag/team, 'none'}``, and the escapes ``${*}``, ``${?}``, ``${$}``.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from aisposture.access.aws.match import literal
from aisposture.access.truth import Truth

_VARIABLE = re.compile(r"\$\{\s*([^{},']*?)\s*(?:,\s*'([^']*)'\s*)?\}")
_ESCAPES = {"*": "*", "?": "?", "$": "$"}

Lookup = Callable[[str], tuple[str, ...] | Truth]
"""Value of a context key: its values, FALSE where it is absent, UNKNOWN where nobody can say."""


class Resolved(NamedTuple):
    """A template with its variables replaced.

    Attributes:
        pattern: the pattern; None where a variable has no value, so that nothing is equal to it or like it.
        unknown: keys whose value is unknown; the pattern then has ``*`` in their place, wider than the truth.
    """

    pattern: str | None
    unknown: tuple[str, ...] = ()


def keys_of(template: str) -> Iterator[str]:
    """The context keys that ``template`` mentions, in lower case."""
    if "${" in template:
        for found in _VARIABLE.finditer(template):
            if found[1] not in _ESCAPES:
                yield found[1].lower()


def resolve(template: str, lookup: Lookup) -> Resolved:
    """``template`` with every variable replaced by its value, which then matches only itself."""
    if "${" not in template:
        return Resolved(template)
    unknown: list[str] = []
    parts: list[str] = []
    at = 0
    for found in _VARIABLE.finditer(template):
        parts.append(template[at : found.start()])
        at = found.end()
        key, default = found[1], found[2]
        if key in _ESCAPES:
            parts.append(literal(_ESCAPES[key]))
            continue
        values = lookup(key)
        if values is Truth.UNKNOWN:
            unknown.append(key)
            parts.append("*")
        elif isinstance(values, tuple) and len(values) == 1:
            parts.append(literal(values[0]))
        elif default is not None and not values:
            parts.append(literal(default))
        else:
            # Absent, or multivalued: AWS takes only keys with a single value as variables.
            return Resolved(None)
    parts.append(template[at:])
    return Resolved("".join(parts), tuple(unknown))
