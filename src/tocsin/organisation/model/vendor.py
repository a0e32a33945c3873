"""A third party that services depend on."""

from tocsin.organisation.model.fields import Duration, Email, FormerIds, Name, Sentence, Spec, Url


class Vendor(Spec):
    """A vendor: how it is reached, under which contract, and how soon it must answer (`response`)."""

    name: Name
    contact: Sentence = ""
    email: Email | None = None
    phone: Name | None = None
    portal: Url | None = None
    contract: Sentence = ""
    status_page: Url | None = None
    response: Duration | None = None
    was: FormerIds = ()
