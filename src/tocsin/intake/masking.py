"""An integration's URL is its secret: in logs its last part is masked."""

import logging
import re

_SECRET = re.compile(r"(/in/)(?:([a-z0-9_-]{1,40})/)?([^/?\s\"']{8,})")


def mask_secrets(text: str) -> str:
    """The text with the secret of every intake URL in it replaced by its first four characters and `…`."""
    return _SECRET.sub(lambda found: f"{found[1]}{f'{found[2]}/' if found[2] else ''}{found[3][:4]}…", text)


class MaskIntakeSecrets(logging.Filter):
    """For the access log and all others: masks the secrets in a record's text and arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask, and let the record pass."""
        if isinstance(record.msg, str) and "/in/" in record.msg:
            record.msg = mask_secrets(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(mask_secrets(each) if isinstance(each, str) else each for each in record.args)
        return True
