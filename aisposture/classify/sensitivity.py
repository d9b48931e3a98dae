"""How sensitive the content of a data store is: by tag, by what it is used for, by name, by default."""

from collections.abc import Iterator

from aisposture.classify.data_files import load
from aisposture.classify.ownership import tag_evidence, tagged
from aisposture.classify.verdict import Verdict
from aisposture.classify.words import plain, words
from aisposture.model.graph import EvidenceRef, Label
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource

HOLDS_DATA = frozenset(
    {Label.DATA_STORE, Label.SECRET, Label.KNOWLEDGE, Label.VECTOR_STORE, Label.MEMORY, Label.BACKUP}
)
_SETTINGS = frozenset({"plain", "list"})
"""Types of parameters that hold one setting each: what it is about says nothing of how sensitive it is."""

CONFIDENTIAL_BY_TYPE = frozenset({Label.BACKUP, Label.KNOWLEDGE, Label.MEMORY, Label.VECTOR_STORE})
_YES = frozenset({"true", "yes", "1", "y"})


def purposes(inventory: Inventory) -> dict[str, tuple[str, EvidenceRef]]:
    """Data stores that hold a corpus of an agent or a record of prompts: id -> what for, and where that stands."""
    out: dict[str, tuple[str, EvidenceRef]] = {}
    for resource in inventory.resources:
        for ref in resource.refs:
            purpose = None
            if ref.name in {"fed_by", "stores_in"} and _is_corpus(inventory, resource):
                purpose = "corpus of a knowledge base"
            elif ref.name == "logs_to" and resource.attrs.get("prompt_text_logged"):
                purpose = "record of prompts"
            if purpose is not None:
                evidence = EvidenceRef(resource=resource.id, field=f"refs.{ref.name}", note=purpose)
                out.setdefault(inventory.resolve(ref.target), (purpose, evidence))
    return out


def _is_corpus(inventory: Inventory, resource: Resource) -> bool:
    if Label.KNOWLEDGE in resource.labels:
        return True
    parents = (inventory.get(target) for target in resource.targets("part_of"))
    return any(parent is not None and Label.KNOWLEDGE in parent.labels for parent in parents)


def sensitivity(inventory: Inventory, resource: Resource, purpose: tuple[str, EvidenceRef] | None) -> Verdict:
    """The class of the data in ``resource``; the first source that says anything counts.

    Hidden tags make it unseen, unless what the store is used for already says D2.
    """
    by_tag = next(_by_tag(resource), None)
    if by_tag is not None:
        return by_tag
    by_use = _by_use(resource, purpose)
    if by_use is not None:
        return by_use
    if inventory.hidden(resource, "tags") is not None:
        return Verdict(value=None, grade="E0")
    return _by_name(resource) or Verdict(value="D1", grade="E1", evidence=_own(resource, "default"))


def _by_use(resource: Resource, purpose: tuple[str, EvidenceRef] | None) -> Verdict | None:
    if Label.SECRET in resource.labels:
        return Verdict(value="D2", grade="E3", evidence=_own(resource, "a secret by its type"))
    if purpose is not None:
        return Verdict(value="D2", grade="E2", evidence=(purpose[1],))
    if CONFIDENTIAL_BY_TYPE.intersection(resource.labels):
        return Verdict(value="D2", grade="E2", evidence=_own(resource, "by its type"))
    return None


def _by_name(resource: Resource) -> Verdict | None:
    if resource.attrs.get("parameter_type") in _SETTINGS:
        return None
    spelled = set(words(resource.name))
    for level, known in load("names").items():
        hit = sorted(spelled.intersection(known))
        if hit:
            return Verdict(value=level, grade="E1", evidence=_own(resource, f"'{hit[0]}' in its name"))
    return None


def _by_tag(resource: Resource) -> Iterator[Verdict]:
    table = load("tags")["sensitivity"]
    found = tagged(resource, tuple(table["keys"]))
    if found is not None:
        for level, spelled in table["values"].items():
            if plain(found[1]) in spelled:
                yield Verdict(value=level, grade="E3", evidence=tag_evidence(resource, found[0]))
    for level in ("D3", "D2"):
        for key, value in sorted(resource.tags.items()):
            if plain(key) in table["flags"][level] and plain(value) in _YES:
                yield Verdict(value=level, grade="E3", evidence=tag_evidence(resource, key))


def _own(resource: Resource, note: str) -> tuple[EvidenceRef, ...]:
    return (EvidenceRef(resource=resource.id, field="id", note=note),)
