"""The redactor finds what it should, says what it may, and lets nothing else out."""

import base64
import gzip
import io
import json
import logging
import random
import string
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisposture.errors import ScanError
from aisposture.model.inventory import encode
from aisposture.model.resource import Sighting
from aisposture.redact import Redactor

KEY = b"one key for each scan of clouds!"
REDACTOR = Redactor(KEY)


def _random(length: int, alphabet: str = string.ascii_letters + string.digits, seed: int = 7) -> str:
    chooser = random.Random(f"{seed}{length}{alphabet}")
    return "".join(chooser.choice(alphabet) for _ in range(length))


HEX = string.hexdigits[:16]
UPPER = string.ascii_uppercase + "234567"
ACCESS_KEY = "AKIA" + _random(16, UPPER)
SESSION_KEY = "ASIA" + _random(16, UPPER)
BEDROCK_USER = "BedrockAPIKey-x9k2-at-123456789012"
PEM_BODY = "\n".join(_random(64, seed=row) for row in range(6))
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{PEM_BODY}\n-----END RSA PRIVATE KEY-----\n"
SERVICE_ACCOUNT = json.dumps(
    {
        "type": "service_account",
        "project_id": "northwind",
        "private_key": PEM.replace(" RSA", ""),
        "client_email": "loader@northwind.iam.gserviceaccount.com",
    }
)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMATS: dict[str, tuple[str, str, str | None]] = {
    # canary's name -> text, detector, public id
    "openai project": ("sk-proj-" + _random(48), "openai-project-key", None),
    "openai service": ("sk-svcacct-" + _random(48), "openai-project-key", None),
    "openai legacy": (f"sk-{_random(20)}T3BlbkFJ{_random(20, seed=2)}", "openai-key", None),
    "openrouter": ("sk-or-v1-" + _random(64, HEX), "openrouter-key", None),
    "plain sk": ("sk-" + _random(32, HEX), "model-api-key", None),
    "anthropic": (f"sk-ant-api03-{_random(93)}AA", "anthropic-key", None),
    "anthropic admin": (f"sk-ant-admin01-{_random(93)}AA", "anthropic-key", None),
    "google": ("AIza" + _random(35), "google-api-key", None),
    "hugging face": ("hf_" + _random(34), "huggingface-token", None),
    "perplexity": ("pplx-" + _random(48), "perplexity-key", None),
    "groq": ("gsk_" + _random(52), "groq-key", None),
    "azure ai": (f"{_random(52)}JQQJ99{_random(26)}", "azure-ai-key", None),
    "bedrock": ("ABSK" + _b64(f"{BEDROCK_USER}:{_random(40)}"), "bedrock-api-key", BEDROCK_USER),
    "bedrock short": (
        "bedrock-api-key-"
        + _b64(
            f"bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Credential={SESSION_KEY}%2F20260101"
            f"&X-Amz-Signature={_random(64, HEX)}"
        ),
        "bedrock-short-term-key",
        SESSION_KEY,
    ),
    "aws id": (ACCESS_KEY, "aws-access-key", ACCESS_KEY),
    "aws session id": (SESSION_KEY, "aws-access-key", SESSION_KEY),
    "github": ("ghp_" + _random(36), "github-token", None),
    "github fine": (f"github_pat_{_random(22)}_{_random(59)}", "github-token", None),
    "gitlab": ("glpat-" + _random(20), "gitlab-token", None),
    "npm": ("npm_" + _random(36), "npm-token", None),
    "slack bot": (f"xoxb-123456789012-1234567890123-{_random(24)}", "slack-token", None),
    "databricks": ("dapi" + _random(32, HEX), "databricks-token", None),
    "vault": ("hvs." + _random(90), "vault-token", None),
    "google oauth": ("GOCSPX-" + _random(28), "google-oauth-secret", None),
    "entra secret": (f"abc8Q~{_random(34)}", "azure-client-secret", None),
    "stripe": ("sk_live_" + _random(24), "stripe-key", None),
    "sendgrid": (f"SG.{_random(22)}.{_random(43)}", "sendgrid-api-key", None),
    "service account": (
        SERVICE_ACCOUNT,
        "google-service-account-key",
        "loader@northwind.iam.gserviceaccount.com",
    ),
    "service account in a string": (
        json.dumps({"GOOGLE": SERVICE_ACCOUNT}),
        "google-service-account-key",
        "loader@northwind.iam.gserviceaccount.com",
    ),
    "private key": (PEM, "private-key", None),
    "storage": (
        f"DefaultEndpointsProtocol=https;AccountName=northwinddata;AccountKey={_random(86)}==;EndpointSuffix=core.windows.net",
        "azure-account-key",
        "northwinddata",
    ),
    "cosmos": (
        f"AccountEndpoint=https://northwind.documents.azure.com:443/;AccountKey={_random(86)}==;",
        "azure-account-key",
        "northwind",
    ),
    "service bus": (
        f"Endpoint=sb://nw.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={_random(43)}=",
        "azure-shared-access-key",
        "nw.servicebus.windows.net",
    ),
    "sas": (
        f"https://northwinddata.blob.core.windows.net/in?sv=2024-11-04&sp=rw&sig={_random(43)}%3D",
        "azure-sas-token",
        "northwinddata",
    ),
    "azure principal": (
        json.dumps(
            {"clientId": "11111111-2222-3333-4444-555555555555", "clientSecret": _random(40), "tenantId": "t"}
        ),
        "azure-service-principal",
        "11111111-2222-3333-4444-555555555555",
    ),
    "url": (f"postgres://app:{_random(14)}!x@db.internal:5432/app", "url-credentials", None),
    "jwt": (
        ".".join((_b64('{"alg":"HS256"}').rstrip("="), _b64('{"sub":"1234567"}').rstrip("="), _random(43))),
        "json-web-token",
        None,
    ),
}


def _fragments(text: str, public: str | None) -> set[str]:
    """Every 12-character piece of the canary that is not part of what may be told."""
    secret = text.split(public) if public else [text]
    return {part[at : at + 12] for part in secret for at in range(len(part) - 11)}


@pytest.mark.parametrize("canary", FORMATS)
@pytest.mark.parametrize("wrapping", ["plain", "prose", "base64", "gzip", "gzip64 in yaml", "utf-16"])
def test_every_format_is_seen_in_every_wrapping_and_only_its_public_id_is_told(
    canary: str, wrapping: str
) -> None:
    text, detector, public = FORMATS[canary]
    script = f"#!/bin/bash\nset -e\ncat > /etc/app <<X\n{text}\nX\nsystemctl start app\n"
    wrapped = {
        "plain": text,
        "prose": f'config: "{text}" # the end\n',
        "base64": _b64(script),
        "gzip": base64.b64encode(gzip.compress(script.encode())).decode(),
        "gzip64 in yaml": "write_files:\n- encoding: gz+b64\n  content: "
        + base64.b64encode(gzip.compress(script.encode())).decode()
        + "\n",
        "utf-16": "powershell -EncodedCommand " + base64.b64encode(script.encode("utf-16-le")).decode(),
    }[wrapping]
    sightings = REDACTOR.sightings("user_data", "", wrapped)
    seen = {(sighting.detector, sighting.grade, sighting.public_id) for sighting in sightings}
    assert (detector, "verified-format", public) in seen
    told = encode(sightings).decode()
    assert not [piece for piece in _fragments(text, public) if piece in told]


@pytest.mark.parametrize(
    ("name", "value", "detector"),
    [
        ("DB_PASSWORD", "hunter2", "secret-keyword"),
        ("PGPASSWORD", 'quo"ted pass', "named-secret"),
        ("db.password", "correct-horse-battery-staple", "secret-keyword"),
        ("OPENAI_API_KEY", "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c", "secret-keyword"),
        ("MISTRAL_TOKEN", "Zk3Qp9Lw2Xv8Rt5Yn1Bm", "base64-high-entropy-string"),
        ("AZURE_OPENAI_KEY", "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c", "hex-high-entropy-string"),
        ("apiKey", "b7e1c9d2-0f4a-4d8e-9c3b-5a6f7e8d9c0b", "secret-keyword"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzzKE", "aws-secret-access-key"),
    ],
)
def test_a_telling_name_makes_a_value_a_secret(name: str, value: str, detector: str) -> None:
    (sighting,) = REDACTOR.sightings(f"environment.{name}", name, value)
    assert sighting.detector == detector
    assert sighting.mark is None or sighting.grade == "verified-format"
    assert value not in encode(sighting).decode()
    assert REDACTOR.sightings("environment.X", "GREETING", value) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"),
        ("DB_SECRET", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"),
        ("DB_SECRET", "prod/northwind/db"),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DB_PASSWORD", "{{resolve:secretsmanager:db:SecretString:password}}"),
        ("DB_PASSWORD", "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x)"),
        ("PASSWORD", "********"),
        ("SECRET_PATH", "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"),
        ("MAX_TOKENS", "4096"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("TOKEN_URL", "https://login.example.com/oauth2/token"),
        ("AUTH_KEY", "https://login.example.com/keys"),
        ("BUCKET", "northwind-documents-eu-west-1"),
        ("COMMIT", "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c9f8a7b6c"),
        ("DATABASE_URL", "postgres://app:${DB_PASS}@db/app"),
        ("", ""),
        ("PASSWORD", ""),
    ],
)
def test_references_placeholders_and_plain_settings_are_no_secrets(name: str, value: str) -> None:
    assert REDACTOR.sightings("environment.X", name, value) == []


def test_names_inside_a_script_hint_too() -> None:
    script = (
        "#!/bin/sh\nexport DB_PASSWORD='pa55w0rd-of-the-database'\n"
        "curl -H 'Authorization: Bearer 8sKd92Lq0fPzXw71mBvC' https://api.example.com\n"
        "aws configure set aws_secret_access_key wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzzKE\n"
        "app --api-key 7Hq2Lm9Zx4Wv8Rt1Kp5N --verbose\n"
        "curl https://x.example.com/?password=s3cretInUrl&x=1\n"
    )
    sightings = REDACTOR.sightings("user_data", "", script)
    seen = {(sighting.detector, sighting.length) for sighting in sightings}
    assert seen == {
        ("aws-secret-access-key", "40-99"),
        ("base64-high-entropy-string", "20-39"),
        ("secret-keyword", "20-39"),
        ("secret-keyword", "<20"),
    }
    told = encode(sightings).decode()
    for value in ("pa55", "8sKd", "wJal", "7Hq2", "s3cret"):
        assert value not in told


def test_marks_join_equal_values_within_a_scan_and_nothing_across_scans() -> None:
    token = str(FORMATS["github"][0])

    def mark(redactor: Redactor, text: str) -> str | None:
        (sighting,) = redactor.sightings("environment.T", "T", text)
        return sighting.mark

    first = mark(REDACTOR, token)
    assert first is not None
    assert mark(Redactor(KEY), f"value={token}") == first
    assert mark(Redactor(KEY[::-1]), token) != first
    assert mark(REDACTOR, token[:-1] + ("x" if token[-1] != "x" else "y")) != first
    assert len(first) == 16


def test_one_value_is_told_once() -> None:
    text = f"{ACCESS_KEY}\nAWS_ACCESS_KEY_ID={ACCESS_KEY}\n{_b64(ACCESS_KEY + ' and more text')}\n"
    assert [sighting.detector for sighting in REDACTOR.sightings("user_data", "", text)] == ["aws-access-key"]


def test_length_is_a_bucket() -> None:
    def length(value: str) -> str:
        (sighting,) = REDACTOR.sightings("f", "PASSWORD", value)
        return sighting.length

    lengths = {size: length(_random(size)) for size in (4, 19, 20, 39, 40, 99, 100, 300)}
    assert lengths == {
        4: "<20",
        19: "<20",
        20: "20-39",
        39: "20-39",
        40: "40-99",
        99: "40-99",
        100: "100+",
        300: "100+",
    }


def test_a_short_scan_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Redactor(b"short")


def test_an_error_never_carries_the_value() -> None:
    canary = "sk-proj-" + _random(48)
    with pytest.raises(ScanError) as caught:
        REDACTOR.sightings("user_data", "", {"leak": canary})  # type: ignore[arg-type]
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert canary not in "".join(traceback.format_exception(error))
    assert "user_data" in str(error)


def test_nothing_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        for text, _, _ in FORMATS.values():
            Redactor(KEY).sightings("environment.API_KEY", "API_KEY", text)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    assert stream.getvalue() == ""
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "eyJ" + _b64("[" * 3000) + "." + _b64("[" * 3000) + ".x",
        "-----BEGIN PRIVATE KEY-----" * 5_000,
        "https://a1b2c3.blob.core.windows.net" * 5_000,
        "?" * 100_000,
        "a=" * 60_000,
        "://a:" * 20_000,
        "eyJ" * 20_000,
        "AKIA" * 20_000,
        base64.b64encode(gzip.compress(b"x" * 50_000_000, 9)).decode(),
        "\ud800 lone surrogate sk-proj-" + _random(30),
        _b64(_b64(_b64(_b64(_b64("deep"))))),
        "H4sI" + "A" * 5000,
    ],
    ids=[
        "jwt of brackets",
        "keys without end",
        "hosts",
        "questions",
        "assignments",
        "urls",
        "jwt heads",
        "key heads",
        "gzip bomb",
        "surrogate",
        "deep base64",
        "broken gzip",
    ],
)
def test_hostile_text_ends_soon(text: str) -> None:
    for sighting in REDACTOR.sightings("user_data", "", text):
        assert isinstance(sighting, Sighting)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.sampled_from(sorted(FORMATS)), st.text(max_size=200))
def test_a_canary_in_any_surrounding_never_leaks(before: str, canary: str, after: str) -> None:
    text, _, public = FORMATS[canary]
    told = encode(REDACTOR.sightings("f", "API_KEY", f"{before} {text} {after}")).decode()
    assert not [piece for piece in _fragments(text, public) if piece in told]
