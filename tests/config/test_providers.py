"""Laws of the provider table."""

import tomllib

import pytest

from kedge.config import providers
from kedge.config.errors import ConfigError
from kedge.config.models import profile
from kedge.config.sections import DEFAULTS, headers, section

SHIPPED = {
    *("anthropic", "openai", "azure", "foundry", "bedrock", "vertex", "gemini", "xai", "groq"),
    *("deepseek", "cohere", "together", "fireworks", "nebius", "mistral", "openrouter"),
    *("moonshot", "zai", "minimax", "ollama", "lmstudio", "llamacpp", "vllm"),
}


def test_every_provider_of_the_design_is_shipped_and_reachable() -> None:
    names = providers.names({})
    assert set(names) == SHIPPED
    for name in names:
        table = providers.table(name, {})
        assert table.name == name
        assert table.transport == "sdk" or table.base_url
        assert (table.transport == "sdk") == bool(table.sdk)
        assert table.local == bool(table.probe) == (table.auth == "none")
        assert table.key_env or table.sign_in_env or table.local
        assert profile(name, table.default_model or "any", {}).provider == name


@pytest.mark.parametrize(
    "file",
    [DEFAULTS / "providers.toml", *sorted((DEFAULTS / "models").iterdir())],
    ids=lambda f: f.name,
)
def test_cutting_out_a_table_gives_what_parsing_the_whole_file_gives(file: object) -> None:
    text = (DEFAULTS / str(file)).read_text(encoding="utf-8")
    whole = tomllib.loads(text)
    for header in headers(text):
        keys = [key.strip('"') for key in header.split(".", 1)]
        table = whole
        for key in keys:
            table = table[key]
        assert section(text, header) == table
    assert section(text, "no such table") is None


def test_an_unknown_provider_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'anthropic'"):
        providers.table("antropic", {})


def test_the_user_says_things_over_a_packaged_provider() -> None:
    over = {"deepseek": {"base_url": "http://127.0.0.1:9", "quirks": {"images": True}}}
    table = providers.table("deepseek", over)
    assert table.base_url == "http://127.0.0.1:9"
    assert table.quirks.images
    assert table.quirks.echo_reasoning
    assert table.key_env == ("DEEPSEEK_API_KEY",)


def test_a_provider_of_ones_own_needs_wire_and_base_url() -> None:
    with pytest.raises(ConfigError, match="needs base_url"):
        providers.table("mine", {"mine": {"wire": "openai-chat"}})
    mine = providers.table("mine", {"mine": {"wire": "anthropic", "base_url": "https://x.test"}})
    assert (mine.name, mine.title, mine.wire) == ("mine", "mine", "anthropic")
    assert providers.names({"mine": {}})[-1] == "mine"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", "http://127.0.0.1:11434/v1"),
        ("box", "http://box:11434/v1"),
        ("box:80", "http://box:80/v1"),
        ("[::1]", "http://[::1]:11434/v1"),
        ("[::1]:80", "http://[::1]:80/v1"),
        ("https://box.test/", "https://box.test/v1"),
        ("https://box.test/api/v1", "https://box.test/api/v1"),
    ],
)
def test_a_local_host_variable_is_completed_from_the_base_url(given: str, url: str) -> None:
    assert providers.table("ollama", {}).endpoint({"OLLAMA_HOST": given}) == url


def test_a_hosted_base_url_variable_is_taken_as_it_stands() -> None:
    env = {"OPENAI_BASE_URL": "https://gateway.test/x/"}
    assert providers.table("openai", {}).endpoint(env) == "https://gateway.test/x"
    assert providers.table("xai", {}).endpoint(env) == "https://api.x.ai/v1"


@pytest.mark.parametrize("name", ["anthropic", "openai", "groq", "minimax"])
def test_any_provider_may_be_reached_through_the_sdk_of_its_wire(name: str) -> None:
    table = providers.table(name, {name: {"transport": "sdk"}})
    assert (table.transport, table.sdk) == ("sdk", "")


def test_what_a_cloud_needs_besides_a_key_is_told_until_it_is_there() -> None:
    azure = providers.table("azure", {})
    assert azure.unset({}) == (("AZURE_OPENAI_ENDPOINT",), ("OPENAI_API_VERSION",))
    assert azure.unset({"AZURE_OPENAI_ENDPOINT": "https://x.test"}) == (("OPENAI_API_VERSION",),)
    mine = providers.table("azure", {"azure": {"base_url": "https://x.test"}})
    assert mine.unset({"OPENAI_API_VERSION": "2026-01-01"}) == ()
    bedrock = providers.table("bedrock", {})
    assert bedrock.unset({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": ""}) == ()


def test_providers_with_a_key_come_in_the_order_of_the_table() -> None:
    env = {"XAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "AWS_PROFILE": "p", "OPENAI_API_KEY": ""}
    names = [table.name for table in providers.signed_in(env, {})]
    assert names == ["anthropic", "xai", "bedrock"]
    assert list(providers.signed_in({}, {})) == []


def test_local_servers_are_those_without_a_key() -> None:
    names = [table.name for table in providers.local_servers({})]
    assert names == ["ollama", "lmstudio", "llamacpp", "vllm"]
