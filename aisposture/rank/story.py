"""One sentence per finding that the owner of a service understands: who, through what, gets which data or power."""

import re
from collections.abc import Mapping

from aisposture.model import ids
from aisposture.model.finding import Hop, Node, Walk
from aisposture.model.graph import EdgeKind, Label

_WHO = {
    ids.INTERNET: "Anyone on the internet",
    ids.ANONYMOUS: "Anyone, without signing in,",
    ids.ANY_ACCOUNT: "Anyone with an account at the cloud provider",
    ids.ANY_AUTHENTICATED: "Anyone with some login",
    ids.EXT_AUTHOR: "An outsider who can write a text that an agent will read",
}

_POWER = {
    EdgeKind.CAN_READ: "read",
    EdgeKind.CAN_WRITE: "change",
    EdgeKind.CAN_DELETE: "delete",
    EdgeKind.CAN_LIST: "list",
    EdgeKind.CAN_INVOKE: "call",
    EdgeKind.CAN_SEND: "send messages to",
    EdgeKind.CAN_PUSH: "push code into",
    EdgeKind.CAN_INGEST: "feed content into",
    EdgeKind.CAN_READ_CONFIG: "read the configuration of",
    EdgeKind.CAN_MODIFY: "rewrite",
    EdgeKind.CAN_WEAKEN_CONTROL: "weaken the control",
    EdgeKind.CAN_EXECUTE_ON: "run commands on",
    EdgeKind.CAN_CREATE: "create objects in",
    EdgeKind.CAN_REPUBLISH: "publish",
    EdgeKind.CAN_SHARE: "share with outsiders",
    EdgeKind.CAN_OPEN_NETWORK: "open the network in front of",
    EdgeKind.CAN_ADMINISTER_KEYS: "take control of the keys of",
    EdgeKind.CAN_WEAKEN_LOGGING: "blind the logs of",
    EdgeKind.CAN_CHANGE_ACCESS: "change who has access in",
    EdgeKind.CAN_DEPLOY: "deploy to",
    EdgeKind.CAN_SPEND: "spend money in",
    EdgeKind.CAN_PROVISION: "create infrastructure in",
    EdgeKind.CAN_PAY: "pay from",
    EdgeKind.CAN_REQUEST: "request approval from",
    EdgeKind.CAN_APPROVE: "approve requests at",
    EdgeKind.CAN_ASSUME: "become",
    EdgeKind.CAN_ESCALATE: "escalate to",
    EdgeKind.AUTHENTICATES_AS: "sign in as",
    EdgeKind.FEDERATES: "become",
    EdgeKind.CAN_MINT: "make tokens for",
    EdgeKind.CAN_ADD_CREDENTIAL: "add a credential to",
    EdgeKind.ACTS_AS: "act as",
    EdgeKind.RUNS_AS: "run code as",
    EdgeKind.STEALS_VIA_IMDS: "steal the credentials of",
    EdgeKind.EXPOSES: "reach",
    EdgeKind.NETWORK_REACH: "reach over the network",
    EdgeKind.EGRESS_TO: "send data out to",
    EdgeKind.FEEDS: "feed content to",
    EdgeKind.TRIGGERS: "start",
}

_SENSITIVITY = {"D3": "restricted", "D2": "confidential", "D1": "internal", "D0": "public"}

_TAKING = frozenset({EdgeKind.RUNS_AS, EdgeKind.STEALS_VIA_IMDS, EdgeKind.CONTAINS_SECRET})
"""Hops that take a workload's power without asking its agent."""

_NOUNS = (
    (Label.SINK, "all of"),
    (Label.AGENT, "agent"),
    (Label.SECRET, "secret"),
    (Label.IDENTITY, "identity"),
    (Label.TOOL, "tool"),
    (Label.WORKLOAD, "workload"),
    (Label.MODEL, "model"),
    (Label.KEY, "key"),
)


def noun(node: Node) -> str:
    """A node in words: what it is and its name (``restricted data store customer-records``)."""
    if (sink := ids.parse_sink(node.id)) is not None:
        return f"account {sink[1]}"
    if Label.DATA_STORE in node.labels and Label.SECRET not in node.labels:
        kind = _SENSITIVITY.get(str(node.attrs.get("sensitivity")), "")
        return f"{kind} data store {node.name}".strip()
    for label, word in _NOUNS:
        if label in node.labels:
            return f"{word} {node.name}"
    return f"{_spelled(node.labels[0])} {node.name}" if node.labels else node.name


def _spelled(label: Label) -> str:
    """``CodeRepo`` as ``code repo``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label.value).lower()


def headline(node: Node, title: str) -> str:
    """What is said of one node: what it is, and the title of the rule."""
    what = noun(node)
    return f"{what[:1].upper()}{what[1:]}: {title[:1].lower()}{title[1:]}."


def story(walk: Walk, nodes: Mapping[str, Node], agent: str = "") -> str:
    """The sentence for a path: who starts it, the agent in the middle, the last power that is won."""
    if not walk.hops:
        return ""
    first, last = _ends(walk.hops)
    who = _who(nodes[first], agent)
    middle = agent or _taken_over(walk.hops, nodes)
    through = _through(walk.hops, nodes, middle) if middle not in {"", first, last} else ""
    power = _POWER.get(walk.hops[-1].kind, "reach")
    sentence = f"{who}{through} can {power} {noun(nodes[last])}."
    return sentence.replace(",,", ",")


def _taken_over(hops: tuple[Hop, ...], nodes: Mapping[str, Node]) -> str:
    """The workload whose identity a walk without an agent takes, or ""."""
    sources = (hop.source for hop in hops if hop.kind in _TAKING)
    return next((node for node in sources if Label.WORKLOAD in nodes[node].labels), "")


def _ends(hops: tuple[Hop, ...]) -> tuple[str, str]:
    start, end = hops[0], hops[-1]
    return (start.source if start.forward else start.target, end.target if end.forward else end.source)


def _who(node: Node, agent: str) -> str:
    if node.id in _WHO:
        return _WHO[node.id]
    if node.id == agent or Label.AGENT in node.labels:
        return f"Whoever steers agent {node.name}"
    if Label.EXT_ACCOUNT in node.labels:
        return f"The outside account {node.name.removeprefix(ids.account_node(''))}"
    return f"Whoever holds {noun(node)}"


def _through(hops: tuple[Hop, ...], nodes: Mapping[str, Node], agent: str) -> str:
    taken_over = any(hop.kind in _TAKING for hop in hops)
    word = "by taking over" if taken_over else "by steering"
    return f", {word} {noun(nodes[agent])},"
