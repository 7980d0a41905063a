"""Whatever the service's own description allows or forbids, no request makes it fail (a short run of schemathesis).

`st run http://127.0.0.1:8000/openapi.json` does so for as long as one likes.
"""

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from rustgpt_lab import LLM
from rustgpt_lab.serve import serve


def test_no_request_makes_it_fail() -> None:
    with serve(LLM.packaged()) as server:
        schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) == 5
        for operation in operations:
            wrong = (
                [GenerationMode.NEGATIVE] if operation.method == "post" else []
            )  # nothing else can be wrong
            for mode in (GenerationMode.POSITIVE, *wrong):

                @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=HealthCheck)
                @given(case=operation.as_strategy(generation_mode=mode))
                def holds(case: schemathesis.Case) -> None:
                    assert case.call().status_code < 500

                holds()
