"""The outside services by which pages leave and answers come back, as far as this installation has them."""

from dataclasses import dataclass

from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.twilio import Twilio
from tocsin.settings import Settings


@dataclass(frozen=True)
class Services:
    """A client for each service that is set up. `public_url` is where their callbacks come in; None: nowhere."""

    public_url: str | None = None
    twilio: Twilio | None = None

    def callback(self, path: str) -> str | None:
        """The address of a callback, `path` without a slash before it; None when nobody outside can reach us."""
        return f"{self.public_url}/callbacks/{path}" if self.public_url else None


def services_of(settings: Settings, http: GuardedHttp) -> Services:
    """The services of an installation."""
    twilio = settings.twilio
    return Services(
        public_url=settings.public_url,
        twilio=Twilio(http, twilio.account_sid, twilio.auth_token, twilio.sender, twilio.url)
        if twilio.account_sid and twilio.auth_token and twilio.sender
        else None,
    )
