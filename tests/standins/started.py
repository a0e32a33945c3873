"""A Tocsin that has had its first start: tests of what comes later begin with a copy of it, and need not migrate."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tocsin.demo.installation import Installation


class Started:
    """What the first start left behind and what it printed."""

    def __init__(self, directory: Path) -> None:
        house = Installation(directory).start()
        house.stop()
        self.data, self.url, self.printed, self.token = directory / "data", house.url, house.output, house.token

    def again(self, directory: Path, env: Mapping[str, str] | None = None) -> Installation:
        """Another such Tocsin, ready to be started."""
        shutil.copytree(self.data, directory / "data")
        return _Again(self, directory, env)


class _Again(Installation):
    def __init__(self, first: Started, directory: Path, env: Mapping[str, str] | None) -> None:
        super().__init__(directory, env=env)
        self.token = first.token
        self._printed_before = first.printed.replace(first.url, self.url)

    @property
    def output(self) -> str:
        """What the first start printed, too."""
        return f"{self._printed_before}\n{super().output}"
