"""Programs from Debian's packages: a test that needs one says so, and skips by name where it is missing."""

import shutil

import pytest

from tocsin.demo.monitoring import find_alertmanager, find_prometheus


def needs_prometheus() -> str:
    """The Prometheus of this machine, or skip."""
    return find_prometheus() or pytest.skip("needs Prometheus: apt-get install prometheus")


def needs_alertmanager() -> str:
    """The Alertmanager of this machine, or skip."""
    return find_alertmanager() or pytest.skip("needs Alertmanager: apt-get install prometheus-alertmanager")


def needs_chromium() -> str:
    """The Chromium of this machine, or skip."""
    return shutil.which("chromium") or pytest.skip("needs Chromium: apt-get install chromium")
