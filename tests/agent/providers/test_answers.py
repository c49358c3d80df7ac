"""What comes in the place of an event stream is told, whatever it is."""

import httpx2
import pytest

from kedge.agent.errors import ProviderError
from kedge.agent.providers.answers import check
from kedge.agent.providers.anthropic import AnthropicWire
from kedge.agent.providers.endpoint import Endpoint
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable
from kedge.config.settings import HttpSettings

TABLE = ProviderTable(name="acme", title="Acme", wire="anthropic", auth="none")
WIRE = AnthropicWire(TABLE, ModelProfile(provider="acme", name="m"))
AT = Endpoint("acme/m", TABLE, "http://acme.test", None, HttpSettings())


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"error": "\xff"}',
        b'{"\xff": 1}',
        b"[" * 20_000,
        b"",
    ],
    ids=["deep", "no-utf8-value", "no-utf8-key", "open", "empty"],
)
async def test_json_that_cannot_be_read_is_told_as_a_providers_error(body: bytes) -> None:
    answer = httpx2.Response(200, headers={"content-type": "application/json"}, content=body)
    with pytest.raises(ProviderError) as raised:
        await check(answer, WIRE, AT)
    assert raised.value.status == 200


async def test_a_page_in_the_place_of_a_stream_is_malformed() -> None:
    deep = b"[" * 20_000 + b"]" * 20_000
    answer = httpx2.Response(200, headers={"content-type": "text/plain"}, content=deep)
    with pytest.raises(ProviderError, match="in the place of a stream") as raised:
        await check(answer, WIRE, AT)
    assert raised.value.kind == "malformed"
