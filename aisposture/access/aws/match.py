"""Wildcards of AWS policies: actions, resource ARNs, ``ArnLike``, policy variables, and relations between patterns.

Variables are replaced before matching; a ``*`` or ``?`` that comes out of a value or out of ``${*}`` is a plain character
then, kept as one of two private-use characters while the text is a pattern.
Source: IAM User Guide, "IAM JSON policy elements: Resource" and "Variables and tags".
"""

import re
from collections.abc import Iterator
from functools import lru_cache

_STAR = "\ue02a"
_MARK = "\ue03f"
_PROTECT = str.maketrans({"*": _STAR, "?": _MARK})
_REVEAL = str.maketrans({_STAR: "*", _MARK: "?"})
_ARN_FIELDS = 6
_CACHE = 65_536


def literal(text: str) -> str:
    """``text`` as a pattern that matches only itself."""
    return text.translate(_PROTECT)


def readable(pattern: str) -> str:
    """A pattern as people write it."""
    return pattern.translate(_REVEAL)


def has_wildcard(pattern: str) -> bool:
    """Whether ``pattern`` can match more than one text."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, value: str) -> bool:
    """Whether the wildcard ``pattern`` (``*`` any run, ``?`` any one character) matches all of ``value``; case-sensitive."""
    if pattern == "*":
        return True
    if not has_wildcard(pattern):
        return pattern.translate(_REVEAL) == value
    return _compiled(pattern).fullmatch(value) is not None


def matches_action(pattern: str, action: str) -> bool:
    """Whether an ``Action`` element matches an action; case plays no role."""
    return matches(pattern.lower(), action.lower())


def matches_resource(pattern: str, resource: str) -> bool:
    """Whether a ``Resource`` element matches a resource ARN, or ``*`` for an action without a resource.

    A ``*`` that ends one of the first five fields reaches past the colon, any other wildcard there stays inside its field;
    in the resource part wildcards match everything. Missing fields at the end count as ``*``.
    """
    if pattern == "*":
        return True
    if not has_wildcard(pattern) and pattern.count(":") >= _ARN_FIELDS - 1:
        return pattern.translate(_REVEAL) == resource
    return any(_matches_fields(form, resource) for form in _resource_forms(pattern))


def matches_arn(pattern: str, value: str) -> bool:
    """``ArnLike``: both sides are ARNs, and each of their six fields matches on its own."""
    theirs = value.split(":", _ARN_FIELDS - 1)
    if len(theirs) != _ARN_FIELDS or theirs[0] != "arn":
        return False
    ours = pattern.split(":", _ARN_FIELDS - 1)
    if len(ours) < _ARN_FIELDS:
        if ours[-1] != "*":
            return False
        ours += ["*"] * (_ARN_FIELDS - len(ours))
    return all(matches(one, other) for one, other in zip(ours, theirs, strict=True))


def covers(general: str, special: str) -> bool:
    """Whether ``general`` surely matches whatever ``special`` matches. Never wrongly True; may miss exotic cases."""
    if general == "*":
        return True
    if not has_wildcard(special):
        return matches(general, special.translate(_REVEAL))
    # A star of `special` may only be eaten by a star, a question mark by a star or a question mark.
    return _tokens_cover(_tokens(general), _tokens(special))


def overlaps(left: str, right: str) -> bool:
    """Whether some text is matched by both patterns."""
    if not has_wildcard(left):
        return matches(right, left.translate(_REVEAL))
    if not has_wildcard(right):
        return matches(left, right.translate(_REVEAL))
    return _tokens_overlap(_tokens(left), _tokens(right))


def _resource_forms(pattern: str) -> tuple[str, ...]:
    if pattern.startswith("execute-api:/"):
        # The short form of API Gateway's resource policies stands for the API that carries it.
        return ("arn:*:execute-api:*:*:*" + pattern.removeprefix("execute-api:"),)
    missing = _ARN_FIELDS - 1 - pattern.count(":")
    if missing <= 0 or not pattern.startswith("arn"):
        return (pattern,)
    return (pattern, pattern + ":*" * missing)


def _matches_fields(pattern: str, resource: str) -> bool:
    if not has_wildcard(pattern):
        return pattern.translate(_REVEAL) == resource
    fields = pattern.split(":", _ARN_FIELDS - 1)
    if any("*" in field[:-1] or "?" in field for field in fields[: _ARN_FIELDS - 1]):
        return _matches_inside_fields(fields, resource)
    return matches(pattern, resource)


def _matches_inside_fields(fields: list[str], resource: str) -> bool:
    """Match field by field; a field that ends in ``*`` may swallow the colons after it."""
    starts = {0}
    for field in fields[:-1]:
        starts = {end + 1 for start in starts for end in _ends(field, resource, start)}
    return any(matches(fields[-1], resource[start:]) for start in starts)


def _ends(field: str, resource: str, start: int) -> Iterator[int]:
    """The colons before which ``field`` can end when it begins at ``start``."""
    found = False
    end = resource.find(":", start)
    while end >= 0:
        # What a trailing star matched once, it matches however much longer the text grows.
        found = found or matches(field, resource[start:end])
        if found:
            yield end
        if not field.endswith("*"):
            return
        end = resource.find(":", end + 1)


@lru_cache(_CACHE)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression that never backtracks: each piece between stars is taken at its first place, for good."""
    pieces = re.split(r"\*+", pattern)
    first, *middle, last = [_piece(piece) for piece in pieces] if len(pieces) > 1 else [_piece(pieces[0]), ""]
    if len(pieces) == 1:
        return re.compile(first, re.DOTALL)
    taken = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{taken}.*{last}" if last else f"{first}{taken}.*", re.DOTALL)


def _piece(text: str) -> str:
    return "".join("." if char == "?" else re.escape(char.translate(_REVEAL)) for char in text)


def _tokens(pattern: str) -> str:
    return re.sub(r"\*+", "*", pattern)


def _tokens_cover(general: str, special: str) -> bool:
    """Greedy match of ``general`` over the characters of ``special``, back to the last star where it fails."""
    at = want = resume = 0
    star = -1
    while at < len(special):
        char = special[at]
        wanted = general[want] if want < len(general) else ""
        if wanted == "*":
            star, resume, want = want, at, want + 1
        elif wanted and char != "*" and wanted in ("?", char):
            at, want = at + 1, want + 1
        elif star >= 0:
            resume += 1
            at, want = resume, star + 1
        else:
            return False
    return all(char == "*" for char in general[want:])


def _tokens_overlap(left: str, right: str) -> bool:
    """Dynamic programming over positions in both patterns; time is the product of their lengths."""
    for one, other in zip(left, right, strict=False):
        if "*" in (one, other):
            break
        if one != other and "?" not in (one, other):
            return False
    row = [True]
    for char in right:
        row.append(row[-1] and char == "*")
    for one in left:
        new = [row[0] and one == "*"]
        for j, other in enumerate(right):
            if "*" in (one, other):
                new.append(row[j + 1] or new[j])
            else:
                new.append(row[j] and (one == other or "?" in (one, other)))
        row = new
    return row[-1]
