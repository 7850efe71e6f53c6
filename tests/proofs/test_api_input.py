"""Input to the API that is malformed, deep, wide or endless: a clear answer, and no session notices."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.proofs.neighbour import Neighbour
from tests.rig.gateway import Gateway

DEEP = '{"a":' * 150_000 + "1" + "}" * 150_000
WIDE = '{"targets":[' + ",".join(['"x"'] * 200_000) + '],"capabilities":["read"],"duration_seconds":60,"reason":"x"}'
BODIES = {
    "nothing": ("", {422}),
    "half": ('{"targets":', {400, 422}),
    "deep": (DEEP, {400, 422}),
    "wide": (WIDE, {422}),
    "too large": ("x" * 3_000_000, {413}),
    "not JSON": ("<a>&b;</a>", {400, 422}),
    "NUL": ('{"targets":["\\u0000"],"capabilities":["read"],"duration_seconds":60,"reason":"x"}', {403, 404, 422}),
    "a number beyond all bounds": ('{"duration_seconds":' + "9" * 5000 + "}", {400, 422}),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/requests", "/login", "/kills"])
def test_a_body_that_is_none(gateway: Gateway, neighbour: Neighbour, name: str, path: str) -> None:
    body, statuses = BODIES[name]
    headers = {"Authorization": f"Bearer {gateway.token('sam')}", "Content-Type": "application/json"}
    answer = httpx.post(f"{gateway.url}/api/v1{path}", content=body, headers=headers, timeout=30)
    assert answer.status_code in statuses | {422}, answer.text
    problem = answer.json()
    assert problem["type"].startswith("urn:safelight:problem:") and "Traceback" not in answer.text


def test_a_flood_of_wrong_logins_holds_up_no_session(gateway: Gateway, neighbour: Neighbour) -> None:
    """A password takes a tenth of a second of a core to check, on purpose: that happens beside the loop."""

    def log_in(number: int) -> int:
        body = {"name": f"stranger-{number}", "password": "x" * 40}
        return httpx.post(f"{gateway.url}/api/v1/login", json=body, timeout=60).status_code

    with ThreadPoolExecutor(20) as crowd:
        assert set(crowd.map(log_in, range(20))) == {401}
