"""Secrets out of commands, their output and what is written about them, before anything is kept or sent. Pure.

The command line masks where it runs, knowing the environment's secrets; the server masks whatever reaches it.

Rather one word too many is masked than one secret is kept; what was masked can be seen by `[masked]`.
"""

import re
from collections.abc import Iterable, Mapping

MASK = "[masked]"

# Every repetition has a bound: output is not ours, and must not be able to make the masking slow.
_SECRET_NAME = (
    r"(?:[A-Za-z0-9_.\-]{0,60}(?:password|passwd|passphrase|secret|token|api[_\-]?key|access[_\-]?key|private[_\-]?key|"
    r"client[_\-]?secret|credential)s?(?:[_\-][A-Za-z0-9_\-]{0,60})?|pwd|PGPASSWORD|MYSQL_PWD)"
)
# A quoted value may have lost its end; an unquoted one goes on to the next space, whatever stands in it.
_VALUE = r"(?:\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?|[^\s\"']+)"

_WHOLE = (
    # A private key, also one whose beginning or end was cut off.
    re.compile(
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\Z)",
        re.DOTALL,
    ),
    re.compile(r"\A(?:(?!-----BEGIN ).)*-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----", re.DOTALL),
    # AWS access key ids; GitHub, GitLab, Slack, Stripe, Google, OpenAI-like and Tocsin's own tokens.
    re.compile(r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}\b"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}\b|\bgithub_pat_[A-Za-z0-9_]{20,}"),
    re.compile(r"\bglpat-[A-Za-z0-9_\-]{16,}"),
    re.compile(r"\bxox[abeprs]-[A-Za-z0-9\-]{10,}"),
    re.compile(r"\b[srp]k_(?:live|test)_[A-Za-z0-9]{10,}\b"),
    re.compile(r"\bAIza[A-Za-z0-9_\-]{30,}"),
    re.compile(r"\bsk-[A-Za-z0-9_\-]{20,}"),
    re.compile(r"\btoc_[A-Za-z0-9_\-]{16,}"),
    # JSON Web Tokens: three base64url parts, the first two of which begin as `{"` does.
    re.compile(r"\beyJ[A-Za-z0-9_\-]{4,}\.eyJ[A-Za-z0-9_\-]{2,}\.[A-Za-z0-9_\-]*"),
)
_KEPT_FIRST = (
    # Authorization headers: the scheme stays.
    re.compile(
        r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|digest|token|genie ?key)\s+)(?!\[masked\])[^\s\"',;]+"
    ),
    re.compile(r"(?i)(\bbearer\s+)(?!\[masked\])[A-Za-z0-9_\-.~+/=]{8,}"),
    # Credentials in a URL: scheme, user and host stay.
    re.compile(r"(?i)(\b[a-z][a-z0-9+.\-]{0,30}://[^\s:/?#@\"']{0,200}:)(?!\[masked\]@)[^\s/\"']{1,500}(?=@)"),
    # name=value, name: value, "name": "value".
    re.compile(rf"(?i)(?<![A-Za-z0-9_])({_SECRET_NAME}[\"']?\s*(?:=|:(?!//)|=>)\s*)(?!\[masked\]){_VALUE}"),
    # --password value; a following option is not a value.
    re.compile(rf"(?i)(--{_SECRET_NAME}\s+)(?!\[masked\])(?!-){_VALUE}"),
    # curl and friends: -u user:password
    re.compile(r"((?:^|\s)(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,200}:)(?!\[masked\])[^\s\"']+"),
)
_SECRET_VARIABLE = re.compile(r"(?i)token|secret|password|passwd|passphrase|api_?key|private_?key|credential")
_SHORTEST = 6
_ROUNDS = 12
_PLAIN = frozenset({"true", "false", "enabled", "disabled", "default", "required", "optional"})


def mask(text: str, values: Iterable[str] = ()) -> str:
    """`text` with every known kind of secret, and each of `values`, replaced by `[masked]`.

    Masking again changes nothing: what was masked where it ran is masked once more by the server.
    """
    for value in sorted({value for value in values if value}, key=len, reverse=True):
        text = text.replace(value, MASK)
    # What one pattern takes away can bring together what another one knows; each round leaves less to be found.
    for _ in range(_ROUNDS):
        before = text
        for pattern in _WHOLE:
            text = pattern.sub(MASK, text)
        for pattern in _KEPT_FIRST:
            text = pattern.sub(rf"\g<1>{MASK}", text)
        if text == before:
            break
    return text


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables whose name says that they are secret (`*TOKEN*`, `*SECRET*`, `*PASSWORD*` and the like).

    Values that are too short or too common to be one (`1`, `true`, a path) are left out: masking them would hide the output.
    """
    return tuple(
        value for name, value in environment.items() if _SECRET_VARIABLE.search(name) and _may_be_secret(value)
    )


def _may_be_secret(value: str) -> bool:
    return len(value) >= _SHORTEST and value.lower() not in _PLAIN and not value.startswith(("/", "./", "~/"))
