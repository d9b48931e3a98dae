"""Environment and owner of a resource, by tag, by name, by the name of its account."""

from aisposture.classify.data_files import load
from aisposture.classify.verdict import Verdict
from aisposture.classify.words import plain, words
from aisposture.model.graph import EvidenceRef, Label
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource


def tagged(resource: Resource, keys: tuple[str, ...]) -> tuple[str, str] | None:
    """Key and value of the first tag (in the order of ``keys``) that is set and not empty."""
    found = {plain(key): (key, value) for key, value in sorted(resource.tags.items()) if value.strip()}
    return next((found[key] for key in keys if key in found), None)


def tag_evidence(resource: Resource, key: str) -> tuple[EvidenceRef, ...]:
    """Evidence that points at the tag ``key``."""
    return (EvidenceRef(resource=resource.id, field="tags", note=f"tag {key}"),)


def owner(inventory: Inventory, resource: Resource) -> Verdict:
    """Who answers for ``resource`` according to its tags; None where its tags name nobody."""
    if inventory.hidden(resource, "tags") is not None:
        return Verdict(value=None, grade="E0")
    found = tagged(resource, tuple(load("tags")["owner"]["keys"]))
    if found is None:
        return Verdict(value=None, grade="E3")
    return Verdict(value=found[1].strip(), grade="E3", evidence=tag_evidence(resource, found[0]))


def environment(inventory: Inventory, resource: Resource) -> Verdict | None:
    """The environment of ``resource``: its tag, else a word of its name, else the account's name; None where nothing tells."""
    table = load("tags")["environment"]
    by_word = {word: value for value, spelled in table["values"].items() for word in spelled}
    found = tagged(resource, tuple(table["keys"]))
    if found is not None and plain(found[1]) in by_word:
        return Verdict(value=by_word[plain(found[1])], grade="E3", evidence=tag_evidence(resource, found[0]))
    named = _by_name(resource.name, by_word)
    if named is not None:
        ref = EvidenceRef(resource=resource.id, field="id", note="by its name")
        return Verdict(value=named, grade="E1", evidence=(ref,))
    account = inventory.accounts.get(resource.account) or ""
    if Label.ACCOUNT not in resource.labels and (named := _by_name(account, by_word)) is not None:
        ref = EvidenceRef(resource=resource.id, field="id", note=f"in the account {account}")
        return Verdict(value=named, grade="E2", evidence=(ref,))
    return None


def _by_name(name: str, by_word: dict[str, str]) -> str | None:
    return next((by_word[word] for word in words(name) if len(word) > 2 and word in by_word), None)
