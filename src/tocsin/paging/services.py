"""The outside services by which pages leave and answers come back, as far as this installation has them."""

from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.matrix import Matrix
from tocsin.clients.mattermost import Mattermost
from tocsin.clients.slack import Slack
from tocsin.clients.telegram import Telegram
from tocsin.clients.twilio import Twilio
from tocsin.clients.webpush import WebPush, public_key
from tocsin.identity.keys import Keys
from tocsin.settings import Settings

_VAPID = "vapid"


@dataclass(frozen=True)
class Services:
    """A client for each service that is set up. `public_url` is where their callbacks come in; None: nowhere."""

    public_url: str | None = None
    twilio: Twilio | None = None
    slack: Slack | None = None
    telegram: Telegram | None = None
    mattermost: Mattermost | None = None
    matrix: Matrix | None = None
    webpush: WebPush | None = None

    def callback(self, path: str) -> str | None:
        """The address of a callback, `path` without a slash before it; None when nobody outside can reach us."""
        return f"{self.public_url}/callbacks/{path}" if self.public_url else None


def services_of(settings: Settings, http: GuardedHttp, keys: Keys) -> Services:
    """The services of an installation."""
    twilio, slack, telegram, mattermost = settings.twilio, settings.slack, settings.telegram, settings.mattermost
    return Services(
        public_url=settings.public_url,
        twilio=Twilio(http, twilio.account_sid, twilio.auth_token, twilio.sender, twilio.url)
        if twilio.account_sid and twilio.auth_token and twilio.sender
        else None,
        slack=Slack(http, slack.bot_token, slack.signing_secret, slack.url)
        if slack.bot_token and slack.signing_secret
        else None,
        telegram=Telegram(http, telegram.bot_token, telegram.webhook_secret, telegram.url)
        if telegram.bot_token and telegram.webhook_secret
        else None,
        mattermost=Mattermost(http, mattermost.url, mattermost.bot_token)
        if mattermost.url and mattermost.bot_token
        else None,
        matrix=Matrix(http, settings.matrix.homeserver, settings.matrix.token)
        if settings.matrix.homeserver and settings.matrix.token
        else None,
        webpush=WebPush(http, keys.lasting(_VAPID), _contact(settings)),
    )


def push_key(keys: Keys) -> str:
    """The public key that browsers subscribe to this installation's notifications with."""
    return public_key(keys.lasting(_VAPID))


def _contact(settings: Settings) -> str:
    """Whom a push service may write to when something is wrong (RFC 8292, 2.1)."""
    address = parseaddr(settings.smtp.sender)[1] if settings.smtp.host else ""
    if address:
        return f"mailto:{address}"
    url = settings.outside_url
    return url if url.startswith("https://") else f"mailto:tocsin@{urlsplit(url).hostname}"
