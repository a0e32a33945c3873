"""What more than one stage calls outside with: guarded HTTP, SMTP, PromQL."""

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import cast

if find_spec("sniffio") is None:
    # httpcore looks for it with every lock that it takes, through the whole path: a third of what a call costs
    sys.modules["sniffio"] = cast(ModuleType, None)
