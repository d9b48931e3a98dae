"""Bedrock Agents: agents and their versions, tools, knowledge and its sources, guardrails, and the record of invocations.

Tools, collaborators and knowledge bases are read from the working draft: a prepared version is a copy of it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from aisposture.collect.aws.shapes import several, unqualified
from aisposture.collect.declare import Unread, back_ref, call, computed, detail, kind, path, template
from aisposture.model import ids
from aisposture.model.graph import Label

DRAFT = "DRAFT"


_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})

_BUILT_IN = {
    "AMAZON.UserInput": "user_input",
    "AMAZON.CodeInterpreter": "code_interpreter",
    "ANTHROPIC.Computer": "shell",
    "ANTHROPIC.Bash": "shell",
    "ANTHROPIC.TextEditor": "shell",
}
"""Neutral kind of an action group that stands for a built-in tool."""

_SOURCES = {
    "S3": "s3",
    "WEB": "web",
    "CONFLUENCE": "confluence",
    "SALESFORCE": "salesforce",
    "SHAREPOINT": "sharepoint",
    "REDSHIFT_METADATA": "sql",
}

Items = Sequence[Mapping[str, Any]] | None


def collaboration(word: str | None) -> str:
    """``none``, ``supervisor`` or ``supervisor-router``."""
    return "none" if word in {None, "DISABLED"} else str(word).lower().replace("_", "-")


def collaborators(aliases: Sequence[str] | None) -> list[str]:
    """ARNs of the agents behind agent aliases: ``...:agent-alias/<agent>/<alias>`` names both."""
    out = []
    for alias in aliases or ():
        head, mark, rest = alias.partition(":agent-alias/")
        out.append(f"{head}:agent/{rest.partition('/')[0]}" if mark else alias)
    return out


def enabled_only(rows: Items, state: str, wanted: str) -> list[str]:
    """``wanted`` of the rows whose ``state`` is not DISABLED."""
    return [row[wanted] for row in rows or () if row.get(state) != "DISABLED"]


def tool_kind(signature: str | None, function: str | None, control: str | None) -> str | None:
    """What carries out the calls of an action group."""
    if signature:
        return _BUILT_IN.get(signature, "return_of_control")
    if function:
        return "lambda"
    return "return_of_control" if control == "RETURN_CONTROL" else None


def _declared(functions: Items, payload: str | None) -> Iterator[tuple[str, bool]]:
    """(name, whether a person confirms it) of each operation, by function schema or by OpenAPI document."""
    for function in functions or ():
        yield str(function.get("name")), function.get("requireConfirmation") == "ENABLED"
    for place, methods in (_openapi(payload).get("paths") or {}).items():
        for method, operation in methods.items() if isinstance(methods, Mapping) else ():
            if str(method).lower() in _METHODS and isinstance(operation, Mapping):
                name = operation.get("operationId") or f"{str(method).upper()} {place}"
                yield str(name), operation.get("x-requireConfirmation") == "ENABLED"


def _openapi(payload: str | None) -> Mapping[str, Any]:
    """The OpenAPI document of a payload, JSON or YAML.

    Raises:
        ValueError: the payload is neither.
    """
    if not payload:
        return {}
    try:
        document = json.loads(payload) if payload.lstrip().startswith("{") else yaml.safe_load(payload)
    except yaml.YAMLError:
        raise ValueError("no OpenAPI document") from None
    if isinstance(document, Mapping) and isinstance(document.get("paths") or {}, Mapping):
        return document
    raise ValueError("no OpenAPI document")


def operations(functions: Items, payload: str | None, bucket: str | None) -> list[str]:
    """The operations that an action group declares, sorted.

    Raises:
        Unread: their schema lies in a bucket, whose objects are not read.
    """
    _check(payload, bucket)
    return sorted({name for name, _ in _declared(functions, payload)})


def _check(payload: str | None, bucket: str | None) -> None:
    if bucket and not payload:
        raise Unread(f"the schema of the operations in the action group itself, not in bucket {bucket}")


def confirmation(functions: Items, payload: str | None, bucket: str | None) -> str:
    """``required`` where a person confirms every operation, else ``none``.

    Raises:
        Unread: their schema lies in a bucket, whose objects are not read.
    """
    _check(payload, bucket)
    answers = [confirmed for _, confirmed in _declared(functions, payload)]
    return "required" if answers and all(answers) else "none"


def prompt_attack_filter(filters: Items) -> str:
    """The strength of the prompt-attack filter on input; a filter that is switched off has none."""
    strengths = [
        str(entry.get("inputStrength") or "NONE").lower()
        for entry in filters or ()
        if entry.get("type") == "PROMPT_ATTACK" and entry.get("inputEnabled") is not False
    ]
    return strengths[0] if strengths else "none"


def blocks(filters: Items) -> bool:
    """Whether the prompt-attack filter blocks what it finds, rather than only telling of it."""
    return any(
        entry.get("type") == "PROMPT_ATTACK"
        and entry.get("inputEnabled") is not False
        and (entry.get("inputAction") or "BLOCK") == "BLOCK"
        and (entry.get("inputStrength") or "NONE") != "NONE"
        for entry in filters or ()
    )


def pii_filter(entities: Items) -> bool:
    """Whether any personal data is masked or blocked on its way out."""
    return any(
        (entry.get("outputAction") or entry.get("action") or "NONE") != "NONE"
        and entry.get("outputEnabled") is not False
        for entry in entities or ()
    )


def stores(storage: Mapping[str, Any] | None, kendra: str | None) -> list[str]:
    """ARNs of what holds the content of a knowledge base."""
    found: list[Any] = [kendra]
    for given in (storage or {}).values():
        if isinstance(given, Mapping):
            found += [
                given.get(name)
                for name in (
                    "collectionArn",
                    "domainArn",
                    "resourceArn",
                    "graphArn",
                    "vectorBucketArn",
                    "indexArn",
                )
            ]
    return several(found)


def secrets(configuration: Mapping[str, Any] | None) -> list[str]:
    """ARNs of the secrets that a storage or source configuration names, at any depth."""
    found: list[str] = []
    for name, given in (configuration or {}).items():
        if name == "credentialsSecretArn":
            found.append(given)
        elif isinstance(given, Mapping):
            found += secrets(given)
    return several(found)


def bucket_arn(bucket: str | None, partition: str) -> str | None:
    """The ARN of a bucket that is named."""
    return f"arn:{partition}:s3:::{bucket}" if bucket else None


def log_group(name: str | None, partition: str, region: str, account: str) -> str | None:
    """The ARN of a log group that is named."""
    return (
        ids.arn("logs", f"log-group:{name}", account=account, region=region, partition=partition)
        if name
        else None
    )


AGENT_ARN = template("arn:{scope:partition}:bedrock:{scope:region}:{scope:account}:agent/{agentId}")
KNOWLEDGE_ARN = template(
    "arn:{scope:partition}:bedrock:{scope:region}:{scope:account}:knowledge-base/{knowledgeBaseId}"
)

agent = kind(
    "aws.bedrock.agent",
    labels=(Label.AGENT,),
    call=call("bedrock-agent", "ListAgents"),
    items="agentSummaries[*]",
    id=AGENT_ARN,
    title="agentName",
    details=(
        detail("agent", call("bedrock-agent", "GetAgent", {"agentId": path("agentId")})),
        detail(
            "knowledge",
            call(
                "bedrock-agent",
                "ListAgentKnowledgeBases",
                {"agentId": path("agentId"), "agentVersion": DRAFT},
            ),
        ),
        detail(
            "collaborators",
            call(
                "bedrock-agent", "ListAgentCollaborators", {"agentId": path("agentId"), "agentVersion": DRAFT}
            ),
            when=computed(lambda word: collaboration(word) != "none", "agent:agent.agentCollaboration"),
        ),
        detail("tags", call("bedrock-agent", "ListTagsForResource", {"resourceArn": AGENT_ARN})),
    ),
    attrs={
        "aliases": computed(several, "agentId"),
        "status": "agentStatus",
        "description": "description",
        "model": "agent:agent.foundationModel",
        "instruction_length": computed(lambda text: len(text or ""), "agent:agent.instruction"),
        "idle_session_seconds": "agent:agent.idleSessionTTLInSeconds",
        "memory_enabled": computed(bool, "agent:agent.memoryConfiguration.enabledMemoryTypes"),
        "collaboration": computed(collaboration, "agent:agent.agentCollaboration"),
        "encryption": computed(
            lambda key: "customer" if key else "provider", "agent:agent.customerEncryptionKeyArn"
        ),
        "created_at": "agent:agent.createdAt",
        "updated_at": "agent:agent.updatedAt",
    },
    refs={
        "runs_as": "agent:agent.agentResourceRoleArn",
        "guarded_by": "agent:agent.guardrailConfiguration.guardrailIdentifier",
        "uses_model": "agent:agent.foundationModel",
        "executed_by": [
            computed(unqualified, "agent:agent.customOrchestration.executor.lambda"),
            computed(unqualified, "agent:agent.promptOverrideConfiguration.overrideLambda"),
        ],
        "fed_by": computed(
            lambda rows: enabled_only(rows, "knowledgeBaseState", "knowledgeBaseId"),
            "knowledge:agentKnowledgeBaseSummaries",
        ),
        "delegates_to": computed(
            collaborators, "collaborators:agentCollaboratorSummaries[*].agentDescriptor.aliasArn"
        ),
        "encrypted_with": "agent:agent.customerEncryptionKeyArn",
    },
    tags="tags:tags",
    secret_bearing={
        "instruction": "agent:agent.instruction",
        "prompts": "agent:agent.promptOverrideConfiguration.promptConfigurations[*].basePromptTemplate",
    },
)

agent_alias = kind(
    "aws.bedrock.agent_alias",
    labels=(Label.AGENT_VERSION,),
    parents=("aws.bedrock.agent",),
    call=call("bedrock-agent", "ListAgentAliases", {"agentId": path("parent:agentId")}),
    items="agentAliasSummaries[*]",
    id=template(
        "arn:{scope:partition}:bedrock:{scope:region}:{scope:account}"
        ":agent-alias/{parent:agentId}/{agentAliasId}"
    ),
    title="agentAliasName",
    attrs={
        "aliases": computed(several, "agentAliasId"),
        "status": "agentAliasStatus",
        "enabled": computed(lambda word: word != "REJECT_INVOCATIONS", "aliasInvocationState"),
        "pinned": computed(
            lambda versions: bool(versions) and DRAFT not in versions, "routingConfiguration[*].agentVersion"
        ),
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    },
    refs={"version_of": "scope:parent"},
)

agent_version = kind(
    "aws.bedrock.agent_version",
    labels=(Label.AGENT_VERSION,),
    parents=("aws.bedrock.agent",),
    call=call("bedrock-agent", "ListAgentVersions", {"agentId": path("parent:agentId")}),
    items="agentVersionSummaries[*]",
    id=template("{scope:parent}#version/{agentVersion}"),
    title=template("{agentName} {agentVersion}"),
    attrs={
        "status": "agentStatus",
        "pinned": computed(lambda version: version != DRAFT, "agentVersion"),
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    },
    refs={"version_of": "scope:parent", "guarded_by": "guardrailConfiguration.guardrailIdentifier"},
)

action_group = kind(
    "aws.bedrock.action_group",
    labels=(Label.TOOL,),
    parents=("aws.bedrock.agent",),
    call=call(
        "bedrock-agent", "ListAgentActionGroups", {"agentId": path("parent:agentId"), "agentVersion": DRAFT}
    ),
    items="actionGroupSummaries[*]",
    id=template("{scope:parent}#action_group/{actionGroupId}"),
    title="actionGroupName",
    details=(
        detail(
            "group",
            call(
                "bedrock-agent",
                "GetAgentActionGroup",
                {
                    "agentId": path("parent:agentId"),
                    "agentVersion": DRAFT,
                    "actionGroupId": path("actionGroupId"),
                },
            ),
        ),
    ),
    attrs={
        "tool_kind": computed(
            tool_kind,
            "group:agentActionGroup.parentActionSignature",
            "group:agentActionGroup.actionGroupExecutor.lambda",
            "group:agentActionGroup.actionGroupExecutor.customControl",
        ),
        "confirmation": computed(
            confirmation,
            "group:agentActionGroup.functionSchema.functions",
            "group:agentActionGroup.apiSchema.payload",
            "group:agentActionGroup.apiSchema.s3.s3BucketName",
        ),
        "operations": computed(
            operations,
            "group:agentActionGroup.functionSchema.functions",
            "group:agentActionGroup.apiSchema.payload",
            "group:agentActionGroup.apiSchema.s3.s3BucketName",
        ),
        "enabled": computed(lambda word: word != "DISABLED", "actionGroupState"),
        "description": "description",
        "updated_at": "updatedAt",
    },
    refs={
        "executed_by": computed(unqualified, "group:agentActionGroup.actionGroupExecutor.lambda"),
        "loads": computed(bucket_arn, "group:agentActionGroup.apiSchema.s3.s3BucketName", "scope:partition"),
    },
    back_refs=(back_ref("uses_tool", "scope:parent", kinds=("aws.bedrock.agent",)),),
)

knowledge_base = kind(
    "aws.bedrock.knowledge_base",
    labels=(Label.KNOWLEDGE,),
    call=call("bedrock-agent", "ListKnowledgeBases"),
    items="knowledgeBaseSummaries[*]",
    id=KNOWLEDGE_ARN,
    title="name",
    details=(
        detail(
            "base", call("bedrock-agent", "GetKnowledgeBase", {"knowledgeBaseId": path("knowledgeBaseId")})
        ),
        detail("tags", call("bedrock-agent", "ListTagsForResource", {"resourceArn": KNOWLEDGE_ARN})),
    ),
    attrs={
        "aliases": computed(several, "knowledgeBaseId"),
        "status": "status",
        "description": "description",
        "model": "base:knowledgeBase.knowledgeBaseConfiguration.vectorKnowledgeBaseConfiguration.embeddingModelArn",
        "created_at": "base:knowledgeBase.createdAt",
        "updated_at": "base:knowledgeBase.updatedAt",
    },
    refs={
        "runs_as": "base:knowledgeBase.roleArn",
        "stores_in": computed(
            stores,
            "base:knowledgeBase.storageConfiguration",
            "base:knowledgeBase.knowledgeBaseConfiguration.kendraKnowledgeBaseConfiguration.kendraIndexArn",
        ),
        "uses_secret": computed(secrets, "base:knowledgeBase.storageConfiguration"),
    },
    tags="tags:tags",
)

data_source = kind(
    "aws.bedrock.data_source",
    parents=("aws.bedrock.knowledge_base",),
    call=call("bedrock-agent", "ListDataSources", {"knowledgeBaseId": path("parent:knowledgeBaseId")}),
    items="dataSourceSummaries[*]",
    id=template("{scope:parent}#data_source/{dataSourceId}"),
    title="name",
    details=(
        detail(
            "source",
            call(
                "bedrock-agent",
                "GetDataSource",
                {"knowledgeBaseId": path("parent:knowledgeBaseId"), "dataSourceId": path("dataSourceId")},
            ),
        ),
    ),
    attrs={
        "aliases": computed(several, "dataSourceId"),
        "status": "status",
        "source_type": computed(
            lambda word: _SOURCES.get(word, "custom"), "source:dataSource.dataSourceConfiguration.type"
        ),
        "encryption": computed(
            lambda key: "customer" if key else "provider",
            "source:dataSource.serverSideEncryptionConfiguration.kmsKeyArn",
        ),
        "created_at": "source:dataSource.createdAt",
        "updated_at": "source:dataSource.updatedAt",
    },
    refs={
        "part_of": "scope:parent",
        "fed_by": "source:dataSource.dataSourceConfiguration.s3Configuration.bucketArn",
        "uses_secret": computed(secrets, "source:dataSource.dataSourceConfiguration"),
        "encrypted_with": "source:dataSource.serverSideEncryptionConfiguration.kmsKeyArn",
    },
    back_refs=(
        back_ref(
            "fed_by",
            "scope:parent",
            kinds=("aws.bedrock.knowledge_base",),
            target="source:dataSource.dataSourceConfiguration.s3Configuration.bucketArn",
        ),
    ),
)

guardrail = kind(
    "aws.bedrock.guardrail",
    labels=(Label.GUARDRAIL,),
    call=call("bedrock", "ListGuardrails"),
    items="guardrails[*]",
    id="arn",
    title="name",
    details=(
        detail("guardrail", call("bedrock", "GetGuardrail", {"guardrailIdentifier": path("id")})),
        detail("tags", call("bedrock", "ListTagsForResource", {"resourceARN": path("arn")})),
    ),
    attrs={
        "aliases": computed(several, "id"),
        "status": "status",
        "description": "description",
        "prompt_attack_filter": computed(prompt_attack_filter, "guardrail:contentPolicy.filters"),
        "blocks": computed(blocks, "guardrail:contentPolicy.filters"),
        "pii_filter": computed(pii_filter, "guardrail:sensitiveInformationPolicy.piiEntities"),
        "encryption": computed(lambda key: "customer" if key else "provider", "guardrail:kmsKeyArn"),
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    },
    refs={"encrypted_with": "guardrail:kmsKeyArn"},
    tags="tags:tags",
)

settings = kind(
    "aws.bedrock.settings",
    call=call("bedrock", "GetModelInvocationLoggingConfiguration"),
    items="@",
    id=template("region:{scope:account}/{scope:region}#bedrock/settings"),
    title=template("Bedrock settings in {scope:region}"),
    attrs={
        "invocation_logging": computed(
            lambda to_bucket, to_group: bool(to_bucket or to_group),
            "loggingConfig.s3Config.bucketName",
            "loggingConfig.cloudWatchConfig.logGroupName",
        ),
        "prompt_text_logged": computed(
            lambda text, to_bucket, to_group: bool(text and (to_bucket or to_group)),
            "loggingConfig.textDataDeliveryEnabled",
            "loggingConfig.s3Config.bucketName",
            "loggingConfig.cloudWatchConfig.logGroupName",
        ),
    },
    refs={
        "logs_to": [
            computed(bucket_arn, "loggingConfig.s3Config.bucketName", "scope:partition"),
            computed(
                log_group,
                "loggingConfig.cloudWatchConfig.logGroupName",
                "scope:partition",
                "scope:region",
                "scope:account",
            ),
        ]
    },
)
