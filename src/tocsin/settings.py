"""Settings by environment (`TOCSIN_…`) and `tocsin.toml`; the environment wins. See docs/settings.md."""

import ipaddress
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tocsin.errors import ConfigurationError


def address_and_port(value: str) -> str:
    """The value, if it is an address to listen on; ValueError."""
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"{value!r} is no ADDRESS:PORT, such as 127.0.0.1:8080")
    return value


class Section(BaseModel):
    """Settings that belong together, read as `TOCSIN_SECTION__NAME` and never from names of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Service(Section):
    """An outside service: set as a whole or not at all. The first field says whether it is."""

    @model_validator(mode="after")
    def _whole_or_not_at_all(self) -> Self:
        needed = [name for name, field in type(self).model_fields.items() if field.default is None]
        missing = [name for name in needed if not getattr(self, name)]
        if missing and len(missing) < len(needed):
            raise ValueError(f"{' and '.join(missing)} must be set too")
        return self

    @property
    def is_set(self) -> bool:
        """Whether the operator set it up."""
        return bool(getattr(self, next(iter(type(self).model_fields))))


class MailSettings(Section):
    """Where e-mail leaves. Without a host, e-mail is no method that pages can use."""

    host: str | None = None
    port: int = 587
    user: str | None = None
    password: str | None = Field(default=None, repr=False)
    security: Literal["starttls", "tls", "none"] = "starttls"
    verify: bool = True
    sender: str = "Tocsin <tocsin@localhost>"


class MailInSettings(Section):
    """Where alerts and heartbeats come in as e-mail. Without `listen`, none do.

    `domain` is what addresses end in; without it the host of `public_url`. `certificate` and `certificate_key` are
    PEM files; with them STARTTLS is offered, and with `require_tls` nothing is taken without it. `max_bytes`: of one
    message, with its attachments.
    """

    listen: str | None = None
    domain: str | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    require_tls: bool = False
    max_bytes: int = Field(default=5 * 1_048_576, ge=1024, le=50 * 1_048_576)

    @field_validator("listen")
    @classmethod
    def _listen(cls, value: str | None) -> str | None:
        return address_and_port(value) if value else None

    @model_validator(mode="after")
    def _whole_certificate(self) -> Self:
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("certificate and certificate_key are set together or not at all")
        if self.require_tls and self.certificate is None:
            raise ValueError("require_tls needs a certificate and its certificate_key")
        return self


class TwilioSettings(Service):
    """Text messages and calls. `sender`: a number in E.164, or for texts alone a messaging service's `MG…`."""

    account_sid: str | None = None
    auth_token: str | None = Field(default=None, repr=False)
    sender: str | None = None
    url: str = "https://api.twilio.com"


class SlackSettings(Service):
    """A Slack app: messages with buttons. The signing secret proves the buttons' calls."""

    bot_token: str | None = Field(default=None, repr=False)
    signing_secret: str | None = Field(default=None, repr=False)
    url: str = "https://slack.com/api"


class TelegramSettings(Service):
    """A Telegram bot. `webhook_secret` is what `setWebhook` was told as secret_token; it proves the bot's updates."""

    bot_token: str | None = Field(default=None, repr=False)
    webhook_secret: str | None = Field(default=None, repr=False, pattern=r"^[A-Za-z0-9_-]{16,256}$")
    url: str = "https://api.telegram.org"


class MattermostSettings(Service):
    """A bot account on one's own Mattermost."""

    url: str | None = None
    bot_token: str | None = Field(default=None, repr=False)


class MatrixSettings(Service):
    """A bot account on a Matrix homeserver."""

    homeserver: str | None = None
    token: str | None = Field(default=None, repr=False)


class Settings(BaseSettings):
    """Everything that is set from outside."""

    model_config = SettingsConfigDict(
        env_prefix="TOCSIN_", env_nested_delimiter="__", extra="forbid", toml_file="tocsin.toml"
    )

    data: Path = Field(default=Path("var"), description="Directory of the SQLite database, the key and the lock.")
    database_url: str | None = Field(
        default=None, description="postgresql://…; without it SQLite in `data`.", repr=False
    )
    key: str | None = Field(
        default=None, description="The installation key, instead of its file in `data`.", repr=False
    )
    listen: str = Field(default="127.0.0.1:8080", description="Address and port to serve on.")
    public_url: str | None = Field(
        default=None, description="How people and senders reach this server, with base path."
    )
    base_path: str = Field(default="", description="Path that a reverse proxy puts before ours, such as /tocsin.")
    trusted_proxies: tuple[str, ...] = Field(default=(), description="Addresses whose X-Forwarded-* headers count.")
    outgoing_allow: tuple[str, ...] = Field(
        default=(), description="Private hosts, addresses or networks that outgoing requests may reach."
    )
    prometheus_url: str | None = Field(
        default=None, description="Where recovery checks in PromQL are asked by default."
    )
    max_body_bytes: int = Field(default=1_048_576, description="Largest alert body after decompression, bytes.")
    keep_alerts_days: int = Field(
        default=365, ge=7, le=36_500, description="Days after which alerts that are over are removed."
    )
    first_admin: str = Field(default="admin", description="Id of the administrator whom the first start makes.")
    first_admin_email: str | None = None
    canary: bool = Field(default=True, description="Whether a canary page leaves and comes back each hour.")
    dead_mans_switch_url: str | None = Field(
        default=None, description="Pinged each minute while all is well.", repr=False
    )
    log_format: str = Field(default="text", description="text or json.")
    log_level: str = "info"
    mail: MailInSettings = MailInSettings()
    smtp: MailSettings = MailSettings()
    twilio: TwilioSettings = TwilioSettings()
    slack: SlackSettings = SlackSettings()
    telegram: TelegramSettings = TelegramSettings()
    mattermost: MattermostSettings = MattermostSettings()
    matrix: MatrixSettings = MatrixSettings()

    @field_validator("listen")
    @classmethod
    def _listen(cls, value: str) -> str:
        return address_and_port(value)

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError(f"{value!r} is no http(s) URL")
        return value.rstrip("/") if value else None

    @field_validator("base_path")
    @classmethod
    def _base_path(cls, value: str, info: ValidationInfo) -> str:
        path = "/" + value.strip("/") if value.strip("/") else ""
        public_url = info.data.get("public_url")
        if public_url and not urlsplit(public_url).path.endswith(path):
            raise ValueError(
                f"public_url is {public_url}, without {path}, so that links in pages would lead nowhere; "
                f"set it to {public_url}{path}"
            )
        return path

    @field_validator("log_format")
    @classmethod
    def _log_format(cls, value: str) -> str:
        if value not in ("text", "json"):
            raise ValueError("log_format is text or json")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then tocsin.toml."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def host(self) -> str:
        """The address to listen on."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.listen.rpartition(":")[2])

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{(self.data / 'tocsin.db').absolute()}"

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the file in the data directory."""
        return self.database_url is None or self.database_url.startswith("sqlite")

    @property
    def mail_domain(self) -> str | None:
        """What the addresses that take alerts end in; None where no mail is taken."""
        if self.mail.listen is None:
            return None
        host = urlsplit(self.outside_url).hostname or "localhost"
        return self.mail.domain or (f"[{host}]" if host[-1:].isdigit() else host)

    @property
    def outside_url(self) -> str:
        """What links begin with, without a slash at the end."""
        if self.public_url:
            return self.public_url
        host = self.host
        if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
            host = "127.0.0.1"
        shown = f"[{host}]" if _is_ipv6(host) else host
        return f"http://{shown}:{self.port}{self.base_path}"


def load_settings(**given: Any) -> Settings:
    """The settings; ConfigurationError names each wrong one and where it may be set."""
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = []
        for wrong in error.errors():
            name = "__".join(str(part) for part in wrong["loc"])
            lines.append(
                f"TOCSIN_{name.upper()} (or `{'.'.join(map(str, wrong['loc']))}` in tocsin.toml): {wrong['msg']}"
            )
        raise ConfigurationError("settings are wrong:\n  " + "\n  ".join(lines)) from error


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False
