"""Fixtures of recovery's tests."""

from collections.abc import Iterator

import pytest

from tests.standins.prometheus_api import PrometheusApi


@pytest.fixture
def prometheus_api() -> Iterator[PrometheusApi]:
    """A Prometheus API whose answers the test sets."""
    api = PrometheusApi().start()
    yield api
    api.stop()
