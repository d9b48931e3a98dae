"""The organisation: its tree of units and accounts, and the policies attached to the tree."""

from collections.abc import Sequence

from aisposture.collect.declare import Kind, back_ref, call, computed, detail, kind, path, policy
from aisposture.model.graph import Label
from aisposture.model.ids import account_node
from aisposture.model.resource import PolicyRole

ORGANIZATION = "aws.organizations.organization"
ROOT = "aws.organizations.root"
UNIT = "aws.organizations.ou"
MEMBER = "aws.organizations.account"


def own_alias(name: str) -> list[str]:
    """The one other name of a part of the organisation: its bare id."""
    return [name]


def delegates(accounts: Sequence[str] | None) -> list[str]:
    """The scope nodes of the accounts that administer services for the organisation."""
    return sorted({account_node(account) for account in accounts or ()})


organization = kind(
    ORGANIZATION,
    labels=(Label.ORGANIZATION,),
    call=call(
        "organizations",
        "DescribeOrganization",
        absent=("AWSOrganizationsNotInUseException",),
        scope="organization",
    ),
    items="Organization",
    id="Arn",
    title="Id",
    account="MasterAccountId",
    details=(
        detail("delegated", call("organizations", "ListDelegatedAdministrators", scope="organization")),
    ),
    attrs={"unique_id": "Id", "aliases": computed(own_alias, "Id")},
    refs={"delegated_to": computed(delegates, "delegated:DelegatedAdministrators[*].Id")},
)

root = kind(
    ROOT,
    call=call("organizations", "ListRoots", scope="organization"),
    parents=(ORGANIZATION,),
    items="Roots[*]",
    id="Arn",
    title="Name",
    account="parent:MasterAccountId",
    attrs={"unique_id": "Id", "aliases": computed(own_alias, "Id")},
    refs={"parent": "scope:parent"},
)

unit = kind(
    UNIT,
    call=call(
        "organizations",
        "ListOrganizationalUnitsForParent",
        {"ParentId": path("parent:Id")},
        scope="organization",
    ),
    parents=(ROOT, UNIT),
    items="OrganizationalUnits[*]",
    id="Arn",
    title="Name",
    attrs={"unique_id": "Id", "aliases": computed(own_alias, "Id")},
    refs={"parent": "scope:parent"},
)

member = kind(
    MEMBER,
    call=call(
        "organizations", "ListAccountsForParent", {"ParentId": path("parent:Id")}, scope="organization"
    ),
    parents=(ROOT, UNIT),
    items="Accounts[*]",
    id="Arn",
    title="Name",
    account="Id",
    attrs={
        "unique_id": "Id",
        "status": computed(lambda status: status.lower() if status else None, "Status"),
        "created_at": "JoinedTimestamp",
    },
    refs={"parent": "scope:parent"},
)


def _policies(filter_: str, role: PolicyRole) -> Kind:
    return kind(
        "aws.organizations.policy",
        call=call("organizations", "ListPolicies", {"Filter": filter_}, scope="organization"),
        parents=(ORGANIZATION,),
        items="Policies[*]",
        id="Arn",
        title="Name",
        account="parent:MasterAccountId",
        details=(
            detail(
                "content",
                call("organizations", "DescribePolicy", {"PolicyId": path("Id")}, scope="organization"),
            ),
            detail(
                "targets",
                call("organizations", "ListTargetsForPolicy", {"PolicyId": path("Id")}, scope="organization"),
            ),
        ),
        attrs={"aliases": computed(own_alias, "Id"), "description": "Description"},
        policies=(policy(role, "content:Policy.Content", id="Id"),),
        back_refs=(back_ref("has_policy", "targets:Targets[*].Arn", kinds=(ROOT, UNIT, MEMBER)),),
    )


service_control_policy = _policies("SERVICE_CONTROL_POLICY", PolicyRole.SCP)
resource_control_policy = _policies("RESOURCE_CONTROL_POLICY", PolicyRole.RCP)
