"""One installation key outside the database; subkeys for each purpose by HKDF, chosen by key id for rotation.

The key file holds one `id:base64` line for each key, the newest first; older ones only open and verify.
Sources: RFC 5869 (HKDF), NIST SP 800-38D (AES-GCM).
"""

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection

from tocsin.errors import ConfigurationError, Invalid

KEYS = "keys"  # the name under which a Database's context carries them
_KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Keys:
    """The installation's keys by id, newest first."""

    secrets_by_id: tuple[tuple[str, bytes], ...]

    @classmethod
    def generate(cls) -> "Keys":
        """A new single key."""
        return cls(((secrets.token_hex(4), secrets.token_bytes(_KEY_BYTES)),))

    @classmethod
    def parse(cls, text: str) -> "Keys":
        """From the key file's text; ConfigurationError when a line is wrong."""
        found = []
        for number, line in enumerate(text.split(), start=1):
            key_id, _, encoded = line.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except ValueError:
                key = b""
            if not key_id or len(key) != _KEY_BYTES:
                raise ConfigurationError(f"the installation key, line {number}: expected ID:BASE64 of 32 bytes")
            found.append((key_id, key))
        if not found:
            raise ConfigurationError("the installation key is empty; restore it from a backup")
        return cls(tuple(found))

    @classmethod
    def load_or_create(cls, path: Path) -> "Keys":
        """From the file, which is made (mode 0600) when it is not there."""
        try:
            return cls.parse(path.read_text())
        except FileNotFoundError:
            keys = cls.generate()
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(keys.text())
            return keys

    def text(self) -> str:
        """The key file's text."""
        return "".join(f"{key_id}:{base64.b64encode(key).decode()}\n" for key_id, key in self.secrets_by_id)

    def sign(self, purpose: str, message: str) -> str:
        """`keyid.hex` of an HMAC-SHA256 over the message, under the newest key's subkey for the purpose."""
        key_id, key = self.secrets_by_id[0]
        return f"{key_id}.{_hmac(key, purpose, message)}"

    def verifies(self, purpose: str, message: str, signature: str) -> bool:
        """Whether `sign` made the signature, under any of the keys."""
        key_id, _, digest = signature.partition(".")
        return any(
            hmac.compare_digest(_hmac(key, purpose, message).encode(), digest.encode("utf-8", "surrogatepass"))
            for known, key in self.secrets_by_id
            if known == key_id
        )

    def seal(self, purpose: str, plain: str) -> str:
        """Encrypt a secret for the database: `keyid.base64(nonce + AES-256-GCM)`."""
        key_id, key = self.secrets_by_id[0]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(_subkey(key, purpose)).encrypt(nonce, plain.encode(), purpose.encode())
        return f"{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, purpose: str, sealed: str) -> str:
        """Decrypt what `seal` made; Invalid when the key is gone or the text was changed."""
        key_id, _, encoded = sealed.partition(".")
        for known, key in self.secrets_by_id:
            if known == key_id:
                try:
                    raw = base64.urlsafe_b64decode(encoded)
                    plain = AESGCM(_subkey(key, purpose)).decrypt(
                        raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode()
                    )
                except (ValueError, InvalidTag):
                    break
                return plain.decode()
        raise Invalid(f"a stored secret ({purpose}) can't be opened with this installation's key; enter it again")

    def derived(self, purpose: str, message: str) -> tuple[bytes, ...]:
        """32 bytes that belong to the message, of each key, the newest first: a secret that need not be kept."""
        return tuple(bytes.fromhex(_hmac(key, purpose, message)) for _, key in self.secrets_by_id)

    def secret(self, purpose: str) -> str:
        """A text secret for a library that signs by itself (itsdangerous), newest key."""
        return _subkey(self.secrets_by_id[0][1], purpose).hex()

    def lasting(self, purpose: str) -> bytes:
        """32 bytes for a purpose that outlive rotations: of the oldest key, as long as that one is kept."""
        return _subkey(self.secrets_by_id[-1][1], purpose)


def keys_of(connection: Connection) -> Keys:
    """The keys of the installation whose database this is."""
    keys = connection.info.get(KEYS)
    if not isinstance(keys, Keys):
        raise ConfigurationError("the database was opened without the installation's key")
    return keys


def token_hash(token: str) -> str:
    """How a bearer secret is kept: its SHA-256 (the secrets are 256 random bits, so no salt is needed)."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_secret() -> str:
    """256 random bits as URL-safe text."""
    return secrets.token_urlsafe(32)


def _subkey(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=b"tocsin", info=purpose.encode()).derive(key)


def _hmac(key: bytes, purpose: str, message: str) -> str:
    return hmac.new(_subkey(key, purpose), message.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
