"""A report as a scan of a small company would give it."""

import hashlib

from aisposture.model.access import PolicyProblem
from aisposture.model.finding import Answer, Band, Factor, Finding, Report, RuleResult, Score, Walk
from aisposture.model.graph import EdgeKind, State
from aisposture.model.resource import Gap
from tests.report.sample_graph import (
    ACTS,
    ASSISTANT,
    ASSISTANT_ROLE,
    ASSUMES,
    DATA,
    DEPLOY_ROLE,
    DESK_AGENT,
    DEV,
    ESCALATES,
    EXPOSED,
    FEEDS,
    FEEDS_AGENT,
    FRONTS,
    GATED,
    INVOICE_AGENT,
    INVOICE_KB,
    INVOICE_TOOL,
    LAKE_ROLE,
    LEAKS,
    LOGS_IN,
    NODES,
    OPS_ACTS,
    OPS_AGENT,
    OPS_ROLE,
    OWNS,
    POISON,
    PROD,
    READS,
    RECORDS,
    SEEN,
    SHADOW,
    SHADOW_USER,
    TOOL_ACTS,
    UPLOADS,
    USER_READS,
    USES,
    fingerprint,
    hop,
)


def score(
    band: Band,
    likelihood: float,
    impact: str,
    *factors: Factor,
    grade: str = "E3",
    caps: tuple[str, ...] = (),
    less: tuple[str, ...] = (),
    why: tuple[str, ...] = (),
    blast: int = 0,
) -> Score:
    classes = (
        "L4" if likelihood >= 0.3 else "L3" if likelihood >= 0.1 else "L2" if likelihood >= 0.03 else "L1"
    )
    return Score(
        band=band,
        likelihood=likelihood,
        likelihood_class=classes,
        impact_class=impact,
        impact_why=why,
        blast_radius=blast,
        grade=grade,
        factors=factors,
        caps=caps,
        display=90 - 20 * (4 - band.rank) + int(likelihood * 10),
        counterfactuals=less,
    )


FRAMEWORKS = {
    "owasp_agentic": ("ASI03:2026", "ASI01:2026"),
    "owasp_llm": ("LLM06:2025",),
    "attack": ("T1190", "T1078.004", "T1530"),
    "atlas": ("AML.T0049", "AML.T0053"),
}

PATHS = (
    Finding(
        fingerprint=fingerprint("AP-01"),
        rule="AP-01",
        family="path",
        likely=True,
        state=State.POSSIBLE,
        title="Internet-exposed agent reaches sensitive data through a privileged token",
        why="An agent that anyone on the internet can talk to acts as an identity that reaches restricted data. Whoever steers the model reads what the identity reads; no vulnerability is needed.",
        story="Anyone on the internet can steer support-assistant, which needs no login, into reading northwind-customer-records (restricted) through lake-reader.",
        score=score(
            Band.CRITICAL,
            0.309,
            "I4",
            Factor(name="entry", value=1.0, why="internet"),
            Factor(name="exposes", value=0.95, why="the URL asks for no login"),
            Factor(name="steer", value=0.6, why="text turns into tool calls; no prompt-attack filter"),
            Factor(name="acts as", value=0.6, why="what its tools may do is not known"),
            Factor(name="can assume", value=0.95, why="trust of the whole account"),
            Factor(name="can read", value=0.95, why="s3:GetObject on *"),
            grade="E2",
            why=("a D3 store in bulk", "crosses into a second account"),
            blast=4,
            less=(
                "to high: require IAM on the function URL",
                "to medium: also drop sts:AssumeRole on lake-reader",
            ),
        ),
        account=PROD,
        bindings={"agent": ASSISTANT, "token": ASSISTANT_ROLE, "data": RECORDS},
        walks=(Walk(hops=(EXPOSED, FRONTS, ACTS, ASSUMES, READS), state=State.POSSIBLE),),
        agent=ASSISTANT,
        entry="internet",
        sink="data",
        paths=3,
        sinks=2,
        resources=(ASSISTANT, ASSISTANT_ROLE, LAKE_ROLE, RECORDS),
        assumptions=("service control policies of 111122223333 were not readable from this account",),
        causes=(fingerprint("PO-04", ASSISTANT),),
        fixes=(
            "Require IAM sign-in on the function URL of support-assistant",
            "Remove sts:AssumeRole on lake-reader from support-assistant-role",
            "Name the role, not the account, in the trust policy of lake-reader",
        ),
        owner="customer-care",
        owner_why="tag team",
        frameworks=FRAMEWORKS,
    ),
    Finding(
        fingerprint=fingerprint("AP-25"),
        rule="AP-25",
        family="path",
        likely=True,
        state=State.POSSIBLE,
        title="Agent can launch compute with a stronger identity",
        why="Passing a strong role to a new function and running it is the same as holding that role.",
        story="ops-helper can start a function as deployment-administrator and so take full control of northwind-prod.",
        score=score(
            Band.HIGH,
            0.29,
            "I4",
            Factor(name="entry", value=0.4, why="assume the agent is breached"),
            Factor(name="acts as", value=1.0, why="open tool"),
            Factor(name="can escalate", value=0.85, why="passes a role to a new function"),
            Factor(name="can change access", value=0.95),
            grade="E3",
            why=("control of an account",),
            caps=("no way in from outside was found",),
            blast=9,
            less=("to info: add a permissions boundary to ops-helper-agent",),
        ),
        account=PROD,
        bindings={"agent": OPS_AGENT, "token": OPS_ROLE},
        walks=(
            Walk(hops=(OPS_ACTS, ESCALATES, OWNS), state=State.CONFIRMED),
            Walk(hops=(GATED,), state=State.POSSIBLE, role="unless"),
        ),
        agent=OPS_AGENT,
        entry="internal",
        sink="admin",
        resources=(OPS_AGENT, OPS_ROLE, DEPLOY_ROLE),
        fixes=(
            "Limit iam:PassRole of ops-helper-agent to the roles it deploys",
            "Attach a permissions boundary to ops-helper-agent",
        ),
        owner="platform",
        owner_why="account",
        frameworks={"owasp_agentic": ("ASI03:2026",), "attack": ("T1548.005",)},
    ),
    Finding(
        fingerprint=fingerprint("AP-05"),
        rule="AP-05",
        family="path",
        likely=False,
        state=State.CONFIRMED,
        title="Attacker-writable object store feeds agent context that drives a privileged tool",
        why="Text that outsiders can place in the agent's knowledge becomes instructions to its tools.",
        story="Any AWS account can drop a document into northwind-vendor-uploads that makes invoice-clerk pay out without anyone confirming.",
        score=score(
            Band.HIGH,
            0.205,
            "I4",
            Factor(name="author T1", value=0.75, why="any AWS account may write inbox/*"),
            Factor(name="feeds", value=0.8),
            Factor(name="steer", value=0.6),
            Factor(name="uses tool", value=0.9, why="no confirmation"),
            Factor(name="can pay", value=0.95),
            why=("moves money",),
            blast=1,
            less=("to medium: require confirmation on payouts",),
        ),
        account=PROD,
        bindings={"agent": INVOICE_AGENT, "tool": INVOICE_TOOL},
        walks=(
            Walk(hops=(POISON, FEEDS, FEEDS_AGENT, USES, TOOL_ACTS), state=State.CONFIRMED),
            Walk(
                hops=(hop(INVOICE_AGENT, RECORDS, EdgeKind.CAN_READ, weight=0.95),),
                state=State.CONFIRMED,
                role="with",
            ),
        ),
        agent=INVOICE_AGENT,
        entry="content",
        sink="tool",
        paths=2,
        resources=(UPLOADS, INVOICE_KB, INVOICE_AGENT),
        causes=(fingerprint("PO-01", UPLOADS),),
        fixes=(
            "Deny s3:PutObject on northwind-vendor-uploads to other accounts",
            "Require confirmation on the action group payouts",
        ),
        owner="finance-automation",
        owner_why="tag owner",
        frameworks={
            "owasp_agentic": ("ASI01:2026",),
            "owasp_llm": ("LLM01:2025",),
            "atlas": ("AML.T0051.001",),
        },
    ),
    Finding(
        fingerprint=fingerprint("AP-18"),
        rule="AP-18",
        family="path",
        likely=False,
        state=State.CONFIRMED,
        title="Plain-text secret in workload configuration leads to data or another identity",
        why="Whoever may read the configuration of the function holds the key, and with it everything the key's user may do.",
        story="weekend-gpt-bot carries an access key of data-export in its environment; readers of its configuration get northwind-customer-records.",
        score=score(
            Band.MEDIUM,
            0.162,
            "I3",
            Factor(name="reader T3", value=0.2, why="developers of northwind-dev"),
            Factor(name="contains secret", value=0.9),
            Factor(name="authenticates as", value=0.95),
            Factor(name="can read", value=0.95),
            why=("a D3 store",),
            blast=2,
        ),
        account=DEV,
        bindings={"workload": SHADOW, "data": RECORDS},
        walks=(Walk(hops=(LEAKS, LOGS_IN, USER_READS), state=State.CONFIRMED),),
        agent=SHADOW,
        entry="credential",
        sink="data",
        resources=(SHADOW, SHADOW_USER, RECORDS),
        fixes=("Rotate the key AKIAEXAMPLE000000001 and move it to Secrets Manager",),
        frameworks={"owasp_agentic": ("ASI03:2026",), "attack": ("T1552.001",)},
    ),
)


def posture(
    rule: str, title: str, band: Band, resource: str, account: str = PROD, owner: str = "unowned"
) -> Finding:
    return Finding(
        fingerprint=fingerprint(rule, resource),
        rule=rule,
        family="posture",
        title=title,
        why=f"{title}: a control that paths lean on is missing.",
        story="",
        likely=False,
        state=State.CONFIRMED,
        score=score(band, 0.2, "I2", why=()),
        account=account,
        bindings={"resource": resource},
        walks=(),
        resources=(resource,),
        fixes=(f"Set it on {resource.rpartition(':')[2]}",),
        owner=owner,
        frameworks={"cis_aws": ("2.1.4",)},
    )


POSTURE = (
    posture("PO-04", "Function URL asks for no login", Band.HIGH, ASSISTANT, owner="customer-care"),
    posture("PO-01", "Bucket policy lets other accounts write", Band.MEDIUM, UPLOADS),
    posture(
        "PO-01", "Bucket policy lets other accounts write", Band.MEDIUM, "arn:aws:s3:::northwind-static-site"
    ),
    *(
        posture("PO-11", "Role is not used", Band.LOW, f"arn:aws:iam::{DEV}:role/experiment-{number}", DEV)
        for number in range(1, 6)
    ),
)

RULES = (
    RuleResult(
        rule="AP-01",
        title=PATHS[0].title,
        family="path",
        ceiling=Band.CRITICAL,
        answer=Answer.FIRES,
        findings=1,
    ),
    RuleResult(
        rule="AP-02",
        title="Unauthenticated agent or tool endpoint with state-changing capability",
        family="path",
        ceiling=Band.CRITICAL,
        answer=Answer.UNKNOWN,
        unknown=(INVOICE_TOOL,),
        because=(0,),
    ),
    RuleResult(
        rule="AP-05",
        title=PATHS[2].title,
        family="path",
        ceiling=Band.CRITICAL,
        answer=Answer.FIRES,
        findings=1,
        unknown=(DESK_AGENT,),
        because=(1,),
    ),
    RuleResult(
        rule="AP-16",
        title="SSRF to IMDSv1 yields the agent role and its reach",
        family="path",
        ceiling=Band.CRITICAL,
        answer=Answer.QUIET,
    ),
    RuleResult(
        rule="AP-18", title=PATHS[3].title, family="path", ceiling=Band.HIGH, answer=Answer.FIRES, findings=1
    ),
    RuleResult(
        rule="AP-25",
        title=PATHS[1].title,
        family="path",
        ceiling=Band.CRITICAL,
        answer=Answer.FIRES,
        findings=1,
    ),
    RuleResult(
        rule="AP-33",
        title="Cluster-admin agent reachable by untrusted content or network",
        family="path",
        ceiling=Band.CRITICAL,
        answer=Answer.NOT_APPLICABLE,
        reason="no cluster was found",
    ),
    RuleResult(
        rule="AP-63",
        title="Agent without a budget can spend without limit",
        family="path",
        ceiling=Band.MEDIUM,
        answer=Answer.NOT_IMPLEMENTED,
        reason="limited_by is not yet emitted",
    ),
    RuleResult(
        rule="PO-01",
        title="Bucket policy lets other accounts write",
        family="posture",
        ceiling=Band.HIGH,
        answer=Answer.FIRES,
        findings=2,
    ),
    RuleResult(
        rule="PO-04",
        title="Function URL asks for no login",
        family="posture",
        ceiling=Band.HIGH,
        answer=Answer.FIRES,
        findings=1,
    ),
    RuleResult(
        rule="PO-11",
        title="Role is not used",
        family="posture",
        ceiling=Band.LOW,
        answer=Answer.FIRES,
        findings=5,
    ),
    RuleResult(
        rule="PO-12",
        title="Root user has access keys",
        family="posture",
        ceiling=Band.HIGH,
        answer=Answer.QUIET,
    ),
)

GAPS = (
    Gap(
        call="lambda:GetPolicy",
        account=PROD,
        region="eu-west-1",
        resource=f"arn:aws:lambda:eu-west-1:{PROD}:function:invoice-payout",
        reason="denied",
        hides=("policies.resource",),
        needs="lambda:GetPolicy on invoice-payout",
        detail="AccessDeniedException",
    ),
    Gap(
        call="bedrock-agent:ListAgentKnowledgeBases",
        account=PROD,
        region="us-east-1",
        reason="throttled",
        hides=("aws.bedrock.knowledge_base",),
        needs="run the scan again",
        detail="ThrottlingException",
    ),
    Gap(
        call="ec2:DescribeInstances",
        account=DEV,
        region="ap-southeast-2",
        reason="disabled",
        hides=("aws.ec2.instance",),
        needs="enable the region, or leave it out of the scope",
    ),
)


def counted(findings: tuple[Finding, ...]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for finding in findings:
        of_family = counts.setdefault(finding.family, {})
        of_family[finding.band.value] = of_family.get(finding.band.value, 0) + 1
    return counts


def report(findings: tuple[Finding, ...] = PATHS + POSTURE) -> Report:
    """Northwind: three accounts, five agents, four paths, some posture, three gaps."""
    return Report(
        version="0.1.0",
        taken_at=SEEN,
        snapshot=hashlib.sha256(b"northwind").hexdigest(),
        accounts={PROD: "northwind-prod", DATA: "northwind-data", DEV: "northwind-dev"},
        resources=152,
        findings=findings,
        rules=RULES,
        nodes={item.id: item for item in NODES},
        agents=(ASSISTANT, INVOICE_AGENT, OPS_AGENT, DESK_AGENT, SHADOW),
        counts=counted(findings),
        gaps=GAPS,
        assumptions=("service control policies of 111122223333 were not readable from this account",),
        problems=(
            PolicyProblem(
                resource=UPLOADS,
                policy="resource",
                where="Statement[2].Condition",
                message="'StringEqals' is no condition operator",
            ),
        ),
    )


def empty() -> Report:
    """A scan that found nothing and read everything."""
    return Report(
        version="0.1.0",
        taken_at=SEEN,
        snapshot=hashlib.sha256(b"empty").hexdigest(),
        accounts={PROD: ""},
        resources=3,
    )
