"""The API keeps what its OpenAPI document promises: Schemathesis reads it and asks whatever it allows, and what it doesn't."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.conftest import LONG
from tests.security.world import World, world_on

# A document of types can't say that a service must exist, and a query's unknown words are ignored on purpose.
NOT_MEANT = [positive_data_acceptance, negative_data_rejection]
EXAMPLES = 300 if LONG else 4


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world_on(request.param, request, tmp_path) as made:
        yield made


@pytest.mark.timeout(3600 if LONG else 300)
def test_every_operation_keeps_its_promises(world: World, request: pytest.FixtureRequest) -> None:
    load_all_checks()
    headers = world.token("mira", "admin").headers
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", world.client.app, headers=headers)
    logging.disable(logging.CRITICAL)
    request.addfinalizer(lambda: logging.disable(logging.NOTSET))
    broken: dict[tuple[str, str, str], str] = {}
    answered: set[int] = set()
    operations = [result.ok() for result in schema.get_all_operations()]

    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(
            case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
            | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        )
        def ask(case: schemathesis.Case) -> None:
            answer = case.call(headers=headers)
            answered.add(answer.status_code)
            try:
                case.validate_response(answer, headers=headers, excluded_checks=NOT_MEANT)
            except FailureGroup as group:
                for failure in group.exceptions:
                    where = (type(failure).__name__, case.method, case.path)
                    broken.setdefault(where, f"{failure}\n{case.as_curl_command()}\n{answer.text[:300]}")

        ask()

    assert not broken, "\n\n".join(f"{' '.join(where)}: {said}" for where, said in sorted(broken.items()))
    assert len(operations) > 100
    assert {200, 201, 404, 422} <= answered, "what is asked gets somewhere"
