"""The nodes and hops of the sample report."""

import hashlib
import json
from typing import Any

from aisposture.model.finding import Evidence, Hop, Node
from aisposture.model.graph import EdgeKind, Label, State

PROD, DATA, DEV = "111122223333", "444455556666", "777788889999"
SEEN = "2026-11-02T08:15:30Z"
INTERNET = "class:internet"
URL = f"arn:aws:lambda:eu-west-1:{PROD}:function:support-assistant#url/$LATEST"
ASSISTANT = f"arn:aws:lambda:eu-west-1:{PROD}:function:support-assistant"
ASSISTANT_ROLE = f"arn:aws:iam::{PROD}:role/support-assistant-role"
LAKE_ROLE = f"arn:aws:iam::{DATA}:role/lake-reader"
RECORDS = "arn:aws:s3:::northwind-customer-records"
UPLOADS = "arn:aws:s3:::northwind-vendor-uploads"
INVOICE_KB = f"arn:aws:bedrock:eu-west-1:{PROD}:knowledge-base/KBINVOICE1"
INVOICE_AGENT = f"arn:aws:bedrock:eu-west-1:{PROD}:agent/INVOICE001"
INVOICE_TOOL = f"{INVOICE_AGENT}#action_group/PAYOUTS"
INVOICE_ROLE = f"arn:aws:iam::{PROD}:role/invoice-payout-function"
OPS_AGENT = f"arn:aws:bedrock:eu-west-1:{PROD}:agent/OPSHELPER1"
OPS_ROLE = f"arn:aws:iam::{PROD}:role/ops-helper-agent"
DEPLOY_ROLE = f"arn:aws:iam::{PROD}:role/deployment-administrator"
SHADOW = f"arn:aws:lambda:us-east-1:{DEV}:function:weekend-gpt-bot"
SHADOW_KEY = f"arn:aws:iam::{DEV}:user/data-export#access_key/AKIAEXAMPLE000000001"
SHADOW_USER = f"arn:aws:iam::{DEV}:user/data-export"
DESK_AGENT = f"arn:aws:bedrock:eu-west-1:{PROD}:agent/DESKBOT001"
ADMIN = f"sink:admin@{PROD}"


def node(
    key: str,
    name: str,
    kind: str,
    *labels: Label,
    account: str = PROD,
    region: str = "eu-west-1",
    **attrs: Any,
) -> Node:
    return Node(id=key, name=name, kind=kind, labels=labels, account=account, region=region, attrs=attrs)


NODES = (
    node(INTERNET, "Internet", "", Label.INTERNET, account="", region="global"),
    node(URL, "support-assistant url", "aws.lambda.url", Label.ENDPOINT, auth="none"),
    node(
        ASSISTANT,
        "support-assistant",
        "aws.lambda.function",
        Label.AGENT,
        Label.WORKLOAD,
        agent_class="probable_agent",
    ),
    node(
        ASSISTANT_ROLE, "support-assistant-role", "aws.iam.role", Label.IDENTITY, region="global", tier="P2"
    ),
    node(LAKE_ROLE, "lake-reader", "aws.iam.role", Label.IDENTITY, account=DATA, region="global", tier="P2"),
    node(
        RECORDS,
        "northwind-customer-records",
        "aws.s3.bucket",
        Label.DATA_STORE,
        account=DATA,
        sensitivity="D3",
    ),
    node(UPLOADS, "northwind-vendor-uploads", "aws.s3.bucket", Label.DATA_STORE, sensitivity="D1"),
    node(INVOICE_KB, "invoices", "aws.bedrock.knowledge_base", Label.KNOWLEDGE),
    node(INVOICE_AGENT, "invoice-clerk", "aws.bedrock.agent", Label.AGENT, agent_class="declared_agent"),
    node(INVOICE_TOOL, "payouts", "aws.bedrock.action_group", Label.TOOL, confirmation="none", impact="high"),
    node(INVOICE_ROLE, "invoice-payout-function", "aws.iam.role", Label.IDENTITY, region="global", tier="P3"),
    node(OPS_AGENT, "ops-helper", "aws.bedrock.agent", Label.AGENT, agent_class="declared_agent"),
    node(OPS_ROLE, "ops-helper-agent", "aws.iam.role", Label.IDENTITY, region="global", tier="P1"),
    node(DEPLOY_ROLE, "deployment-administrator", "aws.iam.role", Label.IDENTITY, region="global", tier="P0"),
    node(
        SHADOW,
        "weekend-gpt-bot",
        "aws.lambda.function",
        Label.AGENT,
        Label.WORKLOAD,
        account=DEV,
        region="us-east-1",
        agent_class="possible_agent",
    ),
    node(
        SHADOW_KEY,
        "AKIAEXAMPLE000000001",
        "aws.iam.access_key",
        Label.CREDENTIAL,
        account=DEV,
        region="global",
    ),
    node(SHADOW_USER, "data-export", "aws.iam.user", Label.IDENTITY, account=DEV, region="global", tier="P2"),
    node(ADMIN, "full control of northwind-prod", "", Label.SINK, region="global"),
    node("class:any-account", "Any AWS account", "", Label.ANY_ACCOUNT, account="", region="global"),
)


def evidence(
    resource: str,
    field: str,
    operation: str,
    pointer: str,
    statement: Any = None,
    note: str = "",
    account: str = PROD,
    region: str = "eu-west-1",
) -> Evidence:
    return Evidence(
        resource=resource,
        field=field,
        operation=operation,
        parameters="{}",
        account=account,
        region=region,
        seen_at=SEEN,
        pointer=pointer,
        statement=json.dumps(statement) if statement else "",
        note=note,
    )


def hop(
    source: str,
    target: str,
    kind: EdgeKind,
    *found: Evidence,
    weight: float = 1.0,
    state: State = State.CONFIRMED,
    forward: bool = True,
    conditions: tuple[str, ...] = (),
    **attrs: Any,
) -> Hop:
    return Hop(
        source=source,
        target=target,
        kind=kind,
        evidence=found,
        weight=weight,
        state=state,
        forward=forward,
        conditions=conditions,
        attrs=attrs,
    )


def fingerprint(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


EXPOSED = hop(
    INTERNET,
    URL,
    EdgeKind.EXPOSES,
    evidence(URL, "attrs.auth", "lambda:GetFunctionUrlConfig", "/AuthType", note="the URL asks for no login"),
    evidence(
        ASSISTANT,
        "policies.FunctionURLAllowPublicAccess",
        "lambda:GetPolicy",
        "/Policy",
        {
            "Sid": "FunctionURLAllowPublicAccess",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "lambda:InvokeFunctionUrl",
            "Resource": ASSISTANT,
            "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        },
        "everyone may call",
    ),
    weight=0.95,
    auth="none",
    audience="anonymous",
)
FRONTS = hop(
    URL,
    ASSISTANT,
    EdgeKind.FRONTS,
    evidence(URL, "refs.fronts", "lambda:GetFunctionUrlConfig", "/FunctionArn"),
)
ACTS = hop(
    ASSISTANT,
    ASSISTANT_ROLE,
    EdgeKind.ACTS_AS,
    evidence(ASSISTANT, "refs.runs_as", "lambda:GetFunction", "/Configuration/Role", note="execution role"),
    weight=0.6,
    state=State.POSSIBLE,
    conditions=("its tools live in code: what the model may ask for is not known",),
    takeover="behaviour",
)
ASSUMES = hop(
    ASSISTANT_ROLE,
    LAKE_ROLE,
    EdgeKind.CAN_ASSUME,
    evidence(
        ASSISTANT_ROLE,
        "policies.read-lake",
        "iam:GetAccountAuthorizationDetails",
        "/RoleDetailList/7/RolePolicyList/0",
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": LAKE_ROLE},
        "allows",
        region="global",
    ),
    evidence(
        LAKE_ROLE,
        "policies.trust",
        "iam:GetAccountAuthorizationDetails",
        "/RoleDetailList/2/AssumeRolePolicyDocument",
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PROD}:root"}, "Action": "sts:AssumeRole"},
        "trust policy allows the whole account",
        account=DATA,
        region="global",
    ),
    weight=0.95,
    cross_account=True,
)
READS = hop(
    LAKE_ROLE,
    RECORDS,
    EdgeKind.CAN_READ,
    evidence(
        LAKE_ROLE,
        "policies.lake",
        "iam:GetAccountAuthorizationDetails",
        "/RoleDetailList/2/RolePolicyList/0",
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"},
        "allows",
        account=DATA,
        region="global",
    ),
    evidence(
        RECORDS, "policies.resource", "s3:GetBucketPolicy", "/Policy", note="no deny found in", account=DATA
    ),
    weight=0.95,
)
POISON = hop(
    "class:any-account",
    UPLOADS,
    EdgeKind.CAN_WRITE,
    evidence(
        UPLOADS,
        "policies.resource",
        "s3:GetBucketPolicy",
        "/Policy",
        {
            "Sid": "VendorDrop",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"{UPLOADS}/inbox/*",
        },
        "allows everyone",
    ),
    weight=0.75,
    prefix="inbox/*",
)
FEEDS = hop(
    UPLOADS,
    INVOICE_KB,
    EdgeKind.FEEDS,
    evidence(
        INVOICE_KB,
        "refs.fed_by",
        "bedrock-agent:GetDataSource",
        "/dataSource/dataSourceConfiguration/s3Configuration/bucketArn",
    ),
    weight=0.8,
    via="knowledge",
)
FEEDS_AGENT = hop(
    INVOICE_KB,
    INVOICE_AGENT,
    EdgeKind.FEEDS,
    evidence(
        INVOICE_AGENT,
        "refs.fed_by",
        "bedrock-agent:ListAgentKnowledgeBases",
        "/agentKnowledgeBaseSummaries/0/knowledgeBaseId",
    ),
    weight=0.8,
    via="knowledge",
)
USES = hop(
    INVOICE_AGENT,
    INVOICE_TOOL,
    EdgeKind.USES_TOOL,
    evidence(
        INVOICE_TOOL,
        "attrs.confirmation",
        "bedrock-agent:GetAgentActionGroup",
        "/agentActionGroup/functionSchema/functions/0/requireConfirmation",
        note="nobody confirms",
    ),
    weight=0.9,
    gate="none",
)
TOOL_ACTS = hop(
    INVOICE_TOOL,
    INVOICE_ROLE,
    EdgeKind.ACTS_AS,
    evidence(
        INVOICE_TOOL,
        "refs.executed_by",
        "bedrock-agent:GetAgentActionGroup",
        "/agentActionGroup/actionGroupExecutor/lambda",
    ),
    weight=1.0,
    openness="closed",
)
OPS_ACTS = hop(
    OPS_AGENT,
    OPS_ROLE,
    EdgeKind.ACTS_AS,
    evidence(OPS_AGENT, "refs.runs_as", "bedrock-agent:GetAgent", "/agent/agentResourceRoleArn"),
    weight=1.0,
    openness="open",
)
ESCALATES = hop(
    OPS_ROLE,
    DEPLOY_ROLE,
    EdgeKind.CAN_ESCALATE,
    evidence(
        OPS_ROLE,
        "policies.ops",
        "iam:GetAccountAuthorizationDetails",
        "/RoleDetailList/4/RolePolicyList/0",
        {
            "Effect": "Allow",
            "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
            "Resource": "*",
        },
        "allows",
        region="global",
    ),
    weight=0.85,
    technique="lambda-passrole-create",
    yields="identity",
)
OWNS = hop(
    DEPLOY_ROLE,
    ADMIN,
    EdgeKind.CAN_CHANGE_ACCESS,
    evidence(
        DEPLOY_ROLE,
        "policies.AdministratorAccess",
        "iam:GetAccountAuthorizationDetails",
        "/Policies/3",
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        "allows",
        region="global",
    ),
    weight=0.95,
)
GATED = hop(
    OPS_AGENT,
    "approval:ops-helper",
    EdgeKind.GATED_BY,
    state=State.POSSIBLE,
    conditions=("an approval may live in code",),
)
LEAKS = hop(
    SHADOW,
    SHADOW_KEY,
    EdgeKind.CONTAINS_SECRET,
    evidence(
        SHADOW,
        "sightings.environment.EXPORT_KEY",
        "lambda:GetFunctionConfiguration",
        "/Environment/Variables/EXPORT_KEY",
        note="an access key stands in the environment; its value was not kept",
        account=DEV,
        region="us-east-1",
    ),
    weight=0.9,
    detector_grade="verified-format",
)
LOGS_IN = hop(
    SHADOW_KEY,
    SHADOW_USER,
    EdgeKind.AUTHENTICATES_AS,
    evidence(
        SHADOW_KEY,
        "attrs.active",
        "iam:ListAccessKeys",
        "/AccessKeyMetadata/0/Status",
        account=DEV,
        region="global",
    ),
    weight=0.95,
)
USER_READS = hop(
    SHADOW_USER,
    RECORDS,
    EdgeKind.CAN_READ,
    evidence(
        RECORDS,
        "policies.resource",
        "s3:GetBucketPolicy",
        "/Policy",
        {
            "Effect": "Allow",
            "Principal": {"AWS": SHADOW_USER},
            "Action": "s3:GetObject",
            "Resource": f"{RECORDS}/*",
        },
        "bucket policy allows",
        account=DATA,
    ),
    weight=0.95,
    cross_account=True,
)
