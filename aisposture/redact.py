"""The only place that sees a value that may be secret: text goes in, sightings come out, the text stays.

A sighting says which format was seen and where, how long the value is (as a bucket), which non-secret identifier stands in
it, and an equality mark under a key that lives for one scan. Three sources, most certain first:

* our own table of AI, cloud and developer key formats, with composites (service-account JSON, connection strings);
* the plugins of detect-secrets, through ``analyze_string`` alone: its result objects carry the value and a plain hash;
* keyword and entropy plugins, which count only where the name of the variable hints at a secret.
"""

import base64
import binascii
import hashlib
import hmac
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from aisposture.errors import ScanError
from aisposture.model.resource import Sighting

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin

_BUDGET = 1 << 19
"""Characters read of one field, decoded layers included: user data is at most 16 KiB on AWS but may be gzip; a start-up
script of another cloud is at most 256 KiB."""

_DEPTH = 3
"""Layers of base64 and gzip that are opened."""

_MOST = 200
"""Finds kept of one field; a field with more is as bad as it gets."""

_LINE = 4096
"""Characters handed to a plugin at once; its patterns are made for lines and some are quadratic."""


class _Find(NamedTuple):
    """A value with what may be told of it; lives only inside ``Redactor.sightings``."""

    detector: str
    value: str
    grade: Literal["verified-format", "entropy"] = "verified-format"
    public_id: str | None = None


class Redactor:
    """Turns text into sightings. One per scan and worker; thread-safe."""

    def __init__(self, key: bytes) -> None:
        """``key`` makes the equality marks; the same key must reach every worker of a scan and nothing else."""
        if len(key) < 16:
            raise ValueError("the key of a scan's equality marks has at least 16 bytes")
        self._key = key
        self._plugins = _Plugins()

    def sightings(self, field: str, name: str, text: str) -> list[Sighting]:
        """What secrets ``text`` holds, sorted, each once; never the values.

        Args:
            field: neutral path that the sightings carry (``environment.OPENAI_API_KEY``, ``user_data``).
            name: name of the variable or key whose value ``text`` is, for the keyword and entropy detectors; "" for none.
            text: the value; base64, gzip and UTF-16 inside it are opened.

        Raises:
            ScanError: the search failed; the message names the field and the kind of error only.
        """
        failure = ""
        try:
            return self._search(field, name, text)
        except Exception as error:  # noqa: BLE001 - any message below may quote the text
            failure = type(error).__name__
        # Raised outside the handler: an exception raised inside would carry the first one, and with it the text.
        raise ScanError(f"{field} could not be searched for secrets ({failure})")

    def _search(self, field: str, name: str, text: str) -> list[Sighting]:
        finds: list[_Find] = []
        for layer in _layers(text):
            for find in _search_layer(layer, name, self._plugins):
                if len(finds) < _MOST and not any(_same(find, other) for other in finds):
                    finds.append(find)
        return sorted({self._sighting(field, find) for find in finds})

    def _sighting(self, field: str, find: _Find) -> Sighting:
        return Sighting(
            detector=find.detector,
            field=field,
            length=_bucket(len(find.value)),
            grade=find.grade,
            public_id=find.public_id,
            mark=self._mark(find.value) if find.grade == "verified-format" else None,
        )

    def _mark(self, value: str) -> str:
        message = b"aisposture:mark:" + value.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:16]


class _Plugins:
    """The plugins of detect-secrets that earn their place, loaded on first use (they import an HTTP client)."""

    def __init__(self) -> None:
        self._strong: tuple[BasePlugin, ...] | None = None
        self._weak: tuple[BasePlugin, ...] = ()

    def _load(self) -> tuple["BasePlugin", ...]:
        if self._strong is None:
            from detect_secrets.plugins import (
                artifactory,
                cloudant,
                discord,
                high_entropy_strings,
                ibm_cloud_iam,
                ibm_cos_hmac,
                jwt,
                keyword,
                mailchimp,
                pypi_token,
                sendgrid,
                slack,
                softlayer,
                square_oauth,
                stripe,
                telegram_token,
                twilio,
            )

            # Absent: public addresses (no secret), and the plugins whose analyze_string yields only a part of what they
            # matched (github, gitlab, npm, private key) or misses much (basic auth); our own table has those formats.
            self._weak = (
                keyword.KeywordDetector(),
                high_entropy_strings.HexHighEntropyString(),
                high_entropy_strings.Base64HighEntropyString(),
                artifactory.ArtifactoryDetector(),
                mailchimp.MailchimpDetector(),
                twilio.TwilioKeyDetector(),
                ibm_cloud_iam.IbmCloudIamDetector(),
            )
            self._strong = (
                cloudant.CloudantDetector(),
                discord.DiscordBotTokenDetector(),
                ibm_cos_hmac.IbmCosHmacDetector(),
                jwt.JwtTokenDetector(),
                pypi_token.PypiTokenDetector(),
                sendgrid.SendGridDetector(),
                slack.SlackDetector(),
                softlayer.SoftlayerDetector(),
                square_oauth.SquareOAuthDetector(),
                stripe.StripeDetector(),
                telegram_token.TelegramBotTokenDetector(),
            )
        return self._strong

    def strong(self, line: str) -> Iterator[_Find]:
        """Formats that are certain by themselves."""
        for plugin in self._load():
            for value in _analyze(plugin, line):
                yield _Find(_slug(str(plugin.secret_type)), value)

    def weak(self, name: str, value: str) -> Iterator[_Find]:
        """What only the name makes likely: the plugins see ``name = "value"``."""
        self._load()
        line = f'{name} = "{value}"'
        for plugin in self._weak:
            for found in _analyze(plugin, line):
                if found == value:
                    yield _Find(_slug(str(plugin.secret_type)), value, "entropy")


def _analyze(plugin: "BasePlugin", line: str) -> list[str]:
    """What a plugin finds in a line; a token that overflows its decoder is not formally valid, so nothing."""
    try:
        return [value for value in plugin.analyze_string(line) if len(value) >= _SHORTEST]
    except (ValueError, RecursionError):
        return []


_SHORTEST = 4


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _bucket(length: int) -> str:
    for limit, name in ((20, "<20"), (40, "20-39"), (100, "40-99")):
        if length < limit:
            return name
    return "100+"


def _same(find: _Find, other: _Find) -> bool:
    """Whether ``other``, found before and so by a more certain detector, already tells of ``find``'s value."""
    if find.grade == "entropy" and other.value and other.value in find.value:
        return True
    return find.value in other.value and (find.public_id is None or find.public_id == other.public_id)


# Layers: the text itself, and what base64, gzip and UTF-16 inside it hide.

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}")


def _layers(text: str) -> Iterator[str]:
    budget = _BUDGET
    todo = [(text, 0)]
    while todo and budget > 0:
        layer, depth = todo.pop(0)
        layer = layer[:budget]
        budget -= len(layer)
        yield layer
        if depth < _DEPTH:
            todo += [(inner, depth + 1) for inner in map(_opened, _BASE64.findall(layer)) if inner]


def _opened(run: str) -> str:
    """The text that a run of base64 stands for, or "" where it stands for none."""
    compact = re.sub(r"\s+|=+$", "", run).replace("-", "+").replace("_", "/")
    compact = compact[: len(compact) - 1] if len(compact) % 4 == 1 else compact
    try:
        data = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
        if data[:2] == b"\x1f\x8b":
            data = zlib.decompressobj(wbits=31).decompress(data, _BUDGET)
    except (binascii.Error, ValueError, zlib.error):
        return ""
    if len(data) > 8 and data[1:16:2].count(0) == len(data[1:16:2]):
        return data.decode("utf-16-le", "replace")
    decoded = data.decode("utf-8", "replace")
    readable = sum((char.isprintable() and char != "\ufffd") or char in "\r\n\t" for char in decoded[:2000])
    return decoded if decoded and readable >= 0.9 * min(len(decoded), 2000) else ""


# Formats.

_START = r"(?<![A-Za-z0-9])"

_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern if pattern.startswith("(?<") else _START + pattern))
    for name, pattern in (
        # models and agents
        ("anthropic-key", r"sk-ant-[a-z]+[0-9]*-[A-Za-z0-9_-]{16,}"),
        ("openrouter-key", r"sk-or-v1-[0-9a-f]{32,}"),
        ("langfuse-secret-key", r"sk-lf-[0-9a-f-]{36}"),
        ("openai-project-key", r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{16,}"),
        ("openai-key", r"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"),
        ("model-api-key", r"sk-[A-Za-z0-9]{32,}"),
        ("google-api-key", r"AIza[0-9A-Za-z_-]{35}"),
        ("huggingface-token", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
        ("perplexity-key", r"pplx-[A-Za-z0-9]{32,}"),
        ("groq-key", r"gsk_[A-Za-z0-9]{40,}"),
        ("xai-key", r"xai-[A-Za-z0-9]{40,}"),
        ("replicate-token", r"r8_[A-Za-z0-9]{30,}"),
        ("tavily-key", r"tvly-[A-Za-z0-9-]{20,}"),
        ("nvidia-key", r"nvapi-[A-Za-z0-9_-]{40,}"),
        ("pinecone-key", r"pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{40,}"),
        ("langsmith-key", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{8,}"),
        ("azure-ai-key", r"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}(?![A-Za-z0-9])"),
        # clouds
        ("bedrock-api-key", r"ABSK[A-Za-z0-9+/]{40,}={0,2}"),
        ("bedrock-short-term-key", r"bedrock-api-key-[A-Za-z0-9+/=_-]{16,}"),
        ("aws-access-key", r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("google-oauth-secret", r"GOCSPX-[A-Za-z0-9_-]{28}"),
        ("google-oauth-token", r"ya29\.[A-Za-z0-9_-]{20,}"),
        ("azure-client-secret", r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}"),
        ("databricks-token", r"dapi[0-9a-f]{32}(?:-[0-9])?"),
        # code, packages, chat
        ("github-token", r"gh[pousr]_[A-Za-z0-9]{36,}"),
        ("github-token", r"github_pat_[A-Za-z0-9_]{22,}"),
        ("gitlab-token", r"gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas)-[A-Za-z0-9_-]{20,}"),
        ("npm-token", r"npm_[A-Za-z0-9]{36}"),
        ("terraform-cloud-token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}"),
        ("vault-token", r"hv[sb]\.[A-Za-z0-9_-]{24,}"),
        ("slack-token", r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
        ("slack-token", r"xapp-[0-9]-[A-Za-z0-9-]{10,}"),
        ("stripe-key", r"[rs]k_(?:live|test)_[0-9A-Za-z]{24,}"),
    )
)

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----((?:[^-]|-(?!----)){0,8192})"
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@\"']{0,64}:([^\s/@\"']{3,200})@[\w.-]")
_SERVICE_ACCOUNT = re.compile(r"""\\?"type\\?"\s*:\s*\\?"service_account\\?["]""")
_CLIENT_EMAIL = re.compile(
    r"""\\?"client_email\\?"\s*:\s*\\?"([a-z0-9.-]+@[a-z0-9.-]+\.gserviceaccount\.com)\\?["]"""
)
_CLIENT_SECRET = re.compile(r"""\\?"clientSecret\\?"\s*:\s*\\?"([^"\\]{8,})""")
_CLIENT_ID = re.compile(
    r"""\\?"clientId\\?"\s*:\s*\\?"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\\?["]""", re.IGNORECASE
)
_ACCOUNT_KEY = re.compile(r"AccountKey=([A-Za-z0-9+/]{40,}={0,2})")
_ACCOUNT_NAME = re.compile(
    r"AccountName=([a-z0-9]{3,24})(?![A-Za-z0-9])|AccountEndpoint=https://([a-z0-9-]{3,44})\.documents\."
)
_SHARED_KEY = re.compile(r"SharedAccessKey=([A-Za-z0-9+/]{32,}={0,2})")
_SHARED_HOST = re.compile(
    r"Endpoint=sb://([a-z0-9-]{1,60}\.[a-z.]{1,40})|HostName=([a-z0-9-]{1,60}\.azure-devices\.net)",
    re.IGNORECASE,
)
_SAS = re.compile(
    r"(?:https://([a-z0-9]{3,24})\.[a-z]{1,12}\.core\.windows\.net[^\s?\"']{0,300})?"
    r"\?(?=[^\s\"'?]*\bsv=)[^\s\"'?]*?\bsig=([A-Za-z0-9%+/=]{20,})"
)
_AWS_SECRET = re.compile(r"secret_?access_?key|aws_?secret", re.IGNORECASE)
_AWS_SECRET_VALUE = re.compile(r"[A-Za-z0-9+/]{40}")
_ACCESS_KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{16}")
_BEDROCK_USER = re.compile(r"([A-Za-z0-9+=,.@_-]{1,64}-at-[0-9]{12}):")


def _search_layer(text: str, name: str, plugins: _Plugins) -> Iterator[_Find]:
    yield from _composites(text)
    for detector, pattern in _FORMATS:
        for found in pattern.finditer(text):
            yield _Find(detector, found[0], public_id=_public_id(detector, found[0]))
    for line in _lines(text):
        yield from plugins.strong(line)
    for key, value in _named(name, text):
        yield from _hinted(key, value, plugins)


def _composites(text: str) -> Iterator[_Find]:
    keys = [re.sub(r"\\[nr]|\s+", "", found[1]) for found in _PRIVATE_KEY.finditer(text)]
    email = _CLIENT_EMAIL.search(text) if _SERVICE_ACCOUNT.search(text) else None
    for body in keys:
        if email is not None and len(keys) == 1:
            yield _Find("google-service-account-key", body, public_id=email[1])
        elif body:
            yield _Find("private-key", body)
        else:
            yield _Find("private-key", body, "entropy")
    for secret, named, detector in (
        (_CLIENT_SECRET, _CLIENT_ID, "azure-service-principal"),
        (_ACCOUNT_KEY, _ACCOUNT_NAME, "azure-account-key"),
        (_SHARED_KEY, _SHARED_HOST, "azure-shared-access-key"),
    ):
        owner = named.search(text)
        public = next(filter(None, owner.groups()), None) if owner else None
        for found in secret.finditer(text):
            yield _Find(detector, found[1], public_id=public)
    for found in _URL.finditer(text):
        if not _NO_VALUE.fullmatch(found[1]):
            yield _Find("url-credentials", found[1])
    for found in _SAS.finditer(text):
        yield _Find("azure-sas-token", found[2], public_id=found[1])


def _public_id(detector: str, value: str) -> str | None:
    """The non-secret identifier that a key of this format carries in itself.

    An access key id is one; a long-lived Bedrock key is base64 of ``<service user name>-at-<account>:<secret>``, and a
    short-lived one base64 of a presigned URL whose credential scope starts with an access key id.
    """
    if detector == "aws-access-key":
        return value
    if detector == "bedrock-api-key":
        user = _BEDROCK_USER.match(_opened(value.removeprefix("ABSK")))
        return user[1] if user else None
    if detector == "bedrock-short-term-key":
        key = _ACCESS_KEY_ID.search(_opened(value.removeprefix("bedrock-api-key-")))
        return key[0] if key else None
    return None


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for start in range(0, len(line), _LINE - 512):
            yield line[start : start + _LINE]


# Names that hint at a secret.

_HINT = re.compile(
    r"passw(?:or)?d|passphrase|pwd|secret|token|credential|bearer|authorization|conn(?:ection)?_?str"
    r"|(?:api|access|auth|account|private|client|service|signing|encryption|master|shared|subscription|license|db|database|hmac|webhook)_?key"
    r"|(?:^|_)(?:pass|key|auth|cookie|salt)$"
)
_PASSWORD = re.compile(r"passw(?:or)?d|passphrase|pwd|(?:^|_)pass$")
_NO_HINT = re.compile(
    r"_(?:arn|name|names|id|ids|url|uri|path|file|dir|region|ttl|timeout|seconds|minutes|expiry|expiration|length|size|count"
    r"|limit|type|mode|enabled|version|endpoint|host|port|prefix|bucket|table|header|field|ref|alias|location|issuer|audience"
    r"|algorithm|policy|rotation|parameter|manager|store|provider)$|(?:max|min|num|total|input|output|context)_\w*tokens?$|public_?key"
)
_NO_VALUE = re.compile(
    r"arn:.*|\$[\w({].*|\{\{.*|<.*>|%\w+%|(?:true|false|null|none|nil|yes|no|on|off|changeit)"
    r"|[a-z][a-z0-9+.-]*://(?!\S*@)\S*|/[\w./-]*|projects/[^/]+/secrets/.*|rds!.*|@microsoft\.keyvault\(.*|vault:.*|(.)\1*",
    re.IGNORECASE | re.DOTALL,
)
_SLUG = re.compile(r"[A-Za-z]+[0-9]{0,3}(?:[-_/. ][A-Za-z0-9]{1,20})*")
_REFERENCE = re.compile(r"arn:[\w:/.-]{4,2048}|\{\{[^{}]{0,500}\}\}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ASSIGNMENT = re.compile(
    # A lookahead, so that matches may overlap: the value of one assignment can hold the next (a URL's query).
    r"""(?<![\w.-])(?=(?P<name>(?:--)?[A-Za-z][\w.-]{0,79})"""
    r"""(?:\\?["']?\s{0,8}(?:=>|:=|[:=])\s{0,8}|(?:(?<=_access_key)|(?<=-key)|(?<=-token)|(?<=-password)|(?<=-secret))[ \t]+)"""
    r"""(?:(?:Bearer|Basic|Token)[ ]+)?\\?["']?(?P<value>[^\s"'\\,;&]{4,256}))"""
)


def _named(name: str, text: str) -> Iterator[tuple[str, str]]:
    """The names that hint at a secret, with their values: the text's own, and of assignments inside it."""
    for line in _lines(_REFERENCE.sub("", text)):
        for found in _ASSIGNMENT.finditer(line):
            if _hints(found["name"]):
                yield found["name"].lstrip("-"), found["value"]
    if _hints(name) and not text.lstrip().startswith(("{", "[")):
        yield name, text.strip()


def _hints(name: str) -> bool:
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").replace(".", "_")
    return _HINT.search(plain) is not None and _NO_HINT.search(plain) is None


def _hinted(name: str, value: str, plugins: _Plugins) -> Iterator[_Find]:
    if not _SHORTEST <= len(value) <= _LINE or _NO_VALUE.fullmatch(value):
        return
    if _AWS_SECRET.search(name) and _AWS_SECRET_VALUE.fullmatch(value):
        yield _Find("aws-secret-access-key", value)
        return
    likely = (
        _PASSWORD.search(name.lower())
        or _UUID.fullmatch(value)
        or (
            len(value) >= 12 and not _SLUG.fullmatch(value) and not value.isdigit() and _entropy(value) >= 3.0
        )
    )
    if likely:
        yield from plugins.weak(name, value)
        # The plugins know neither every name nor every character; what they miss is told under a name of our own.
        yield _Find("named-secret", value, "entropy")


def _entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
