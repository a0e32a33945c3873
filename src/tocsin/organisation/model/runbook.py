"""A runbook that the organisation keeps as a Markdown file."""

from typing import Annotated

from pydantic import Field, StringConstraints

from tocsin.organisation.model.fields import FormerIds, Name, Spec

LONGEST_RUNBOOK = 512 * 1024


class Runbook(Spec):
    """A runbook: `file` is its path beside the YAML files; `text` is what stood in it when it was applied."""

    file: Annotated[str, Field(min_length=1, max_length=500)]
    name: Name | None = None
    text: Annotated[str, StringConstraints(strip_whitespace=False, max_length=LONGEST_RUNBOOK)] = ""
    was: FormerIds = ()
