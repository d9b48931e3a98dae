"""Ids: the only maker and parser.

AWS resources keep their ARN, Azure resources their lower-case ARM id, GCP resources their full resource name; everything
that no cloud names gets an id here.
"""

import hashlib
import re
from typing import NamedTuple

INTERNET = "class:internet"
ANONYMOUS = "class:anonymous"
ANY_ACCOUNT = "class:any-account"
ANY_AUTHENTICATED = "class:any-authenticated"
EXT_AUTHOR = "class:ext-author"

CLASSES = (INTERNET, ANONYMOUS, ANY_ACCOUNT, ANY_AUTHENTICATED, EXT_AUTHOR)
"""The classes of actors that are nodes of every graph."""

ADMIN = "admin"
"""The verb of the sink that stands for full control of an account."""

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[^:]*):(?P<region>[^:]*):(?P<account>[^:]*):(?P<resource>.+)",
    re.DOTALL,
)


class Arn(NamedTuple):
    """The six parts of an ARN; ``resource`` keeps its own colons and slashes."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn | None:
    """The parts of ``text`` if it is an ARN, else None."""
    found = _ARN.fullmatch(text)
    return Arn(**found.groupdict()) if found else None


def arn(service: str, resource: str, *, account: str = "", region: str = "", partition: str = "aws") -> str:
    """An ARN, for the resources that AWS answers without one."""
    return str(Arn(partition, service, region, account, resource))


def account_node(account: str) -> str:
    """Id of the scope node of an AWS account, Azure subscription or GCP project."""
    return f"account:{account}"


def region_node(account: str, region: str) -> str:
    """Id of the scope node of one region of one account."""
    return f"region:{account}/{region}"


def organization_node(organization: str) -> str:
    """Id of the scope node of an organisation or tenant."""
    return f"org:{organization}"


def sink(verb: str, account: str) -> str:
    """Id of a virtual sink: what holding ``verb`` in ``account`` amounts to. Never global."""
    return f"sink:{verb}@{account}"


def admin_sink(account: str) -> str:
    """Id of the sink of full control over ``account``."""
    return sink(ADMIN, account)


def parse_sink(text: str) -> tuple[str, str] | None:
    """The verb and account of a sink id, else None."""
    head, at, account = text.partition("@")
    return (head.removeprefix("sink:"), account) if at and head.startswith("sink:") else None


def oidc(issuer: str, subject: str) -> str:
    """Id of a federated subject (pattern) of an OIDC issuer, given without scheme."""
    return f"oidc:{issuer.removeprefix('https://').rstrip('/')}#{subject}"


def saml(provider: str, subject: str) -> str:
    """Id of a federated subject (pattern) of a SAML provider."""
    return f"saml:{provider}#{subject}"


def service_principal(service: str) -> str:
    """Id of a cloud service acting as a principal (``lambda.amazonaws.com``)."""
    return f"service:{service}"


def kubernetes(cluster: str, namespace: str, kind: str, name: str) -> str:
    """Id of a Kubernetes object of the cluster with the id ``cluster``."""
    return f"k8s:{hashlib.sha256(cluster.encode()).hexdigest()[:8]}/{namespace}/{kind}/{name}"


def child(parent: str, kind: str, name: str) -> str:
    """Id of a part that the provider gives no id of its own (an action group, a data source, a function URL)."""
    return f"{parent}#{kind}/{name}"


def account_of(node: str) -> str | None:
    """The account an id itself names (ARN, sink, scope node), else None; S3 ARNs name none."""
    if (parts := parse_arn(node)) is not None:
        return parts.account or None
    if (parsed := parse_sink(node)) is not None:
        return parsed[1]
    if node.startswith("account:"):
        return node.removeprefix("account:")
    if node.startswith("region:"):
        return node.removeprefix("region:").partition("/")[0]
    return None
