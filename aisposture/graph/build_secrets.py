"""Secrets in configuration, the identities they open, and identities that a metadata service gives away."""

from aisposture.graph.drafting import Draft, attr, ref
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EvidenceRef, Label, State
from aisposture.model.resource import Resource, Sighting

RUNNING = frozenset({"running", "pending"})


def build(draft: Draft) -> None:
    """Draws ``contains_secret``, ``authenticates_as`` and ``steals_via_imds``."""
    for resource in draft.inventory.resources:
        for sighting in resource.sightings:
            _sighting(draft, resource, sighting)
        if Label.CREDENTIAL in resource.labels:
            state = _usable(draft, resource)
            for target in resource.targets("authenticates_as"):
                _opens(draft, resource.id, target, state, ref(resource, "authenticates_as"))
        if Label.WORKLOAD in resource.labels:
            _metadata(draft, resource)


def _sighting(draft: Draft, resource: Resource, sighting: Sighting) -> None:
    credential = draft.stub(
        ids.child(resource.id, "secret", sighting.field),
        Label.CREDENTIAL,
        name=f"{sighting.detector} in {sighting.field}",
    )
    evidence = EvidenceRef(resource=resource.id, field=f"sightings.{sighting.field}", note=sighting.detector)
    verified = sighting.grade == "verified-format"
    draft.add(
        resource.id,
        EdgeKind.CONTAINS_SECRET,
        credential,
        evidence,
        state=State.CONFIRMED if verified else State.POSSIBLE,
        attrs={"detector_grade": sighting.grade},
        because="what looks like a secret is one",
    )
    known = _known(draft, resource, sighting)
    if known is None:
        outside = draft.stub(
            f"external:{sighting.detector}", Label.EXTERNAL, name=f"whatever a {sighting.detector} opens"
        )
        draft.add(
            credential,
            EdgeKind.AUTHENTICATES_AS,
            outside,
            evidence,
            state=State.POSSIBLE,
            attrs={"detector_grade": sighting.grade, "resolved": False},
            because="the secret is still valid",
        )
        return
    if Label.IDENTITY in known.labels:
        _opens(draft, credential, known.id, State.CONFIRMED, evidence)
    state = _usable(draft, known)
    for target in known.targets("authenticates_as"):
        _opens(draft, credential, target, state, evidence, ref(known, "authenticates_as"))


def _known(draft: Draft, resource: Resource, sighting: Sighting) -> Resource | None:
    """The credential that ``sighting`` is, by its public id, or by that of the one key id of the same kind seen beside it."""
    if sighting.public_id is not None:
        return draft.inventory.get(sighting.public_id)
    family = sighting.detector.partition("-")[0]
    beside = {
        other.public_id
        for other in resource.sightings
        if other.public_id is not None and other.detector.partition("-")[0] == family
    }
    return draft.inventory.get(beside.pop()) if len(beside) == 1 else None


def _opens(draft: Draft, credential: str, target: str, state: State, *evidence: EvidenceRef) -> None:
    node = draft.node_of(target)
    if node is not None:
        draft.add(
            credential, EdgeKind.AUTHENTICATES_AS, node, *evidence, state=state, attrs={"resolved": True}
        )


def _usable(draft: Draft, credential: Resource) -> State:
    if draft.hidden(credential, "attrs.active"):
        return State.UNSEEN
    return State.FALSE if credential.attrs.get("active") is False else State.CONFIRMED


def _metadata(draft: Draft, workload: Resource) -> None:
    """Who can make the workload send a request takes its identity, where version 1 answers or answers travel further than the host."""
    hidden = draft.hidden(workload, "attrs.imds_version")
    version, hops = workload.attrs.get("imds_version"), workload.attrs.get("imds_hop_limit")
    if not hidden and version not in {"v1", "v2"}:
        return
    if workload.attrs.get("instance_state", "running") not in RUNNING:
        return
    far = isinstance(hops, int) and hops > 1
    if version == "v2" and draft.hidden(workload, "attrs.imds_hop_limit"):
        hidden = True
    if not hidden and version == "v2" and not far:
        return
    for identity in draft.identities(workload):
        draft.add(
            workload.id,
            EdgeKind.STEALS_VIA_IMDS,
            identity.id,
            attr(workload, "imds_version"),
            *([attr(workload, "imds_hop_limit")] if far else []),
            ref(workload, "runs_as"),
            state=State.UNSEEN if hidden else State.CONFIRMED,
            attrs={} if hidden else {"imds_version": str(version)},
        )
