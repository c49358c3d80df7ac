"""Laws of the model profiles."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.config import models, providers
from kedge.config.errors import ConfigError, UsageError
from kedge.config.sections import DEFAULTS


def test_every_provider_has_a_file_and_every_file_says_its_sources() -> None:
    files = {file.stem: file for file in (DEFAULTS / "models").glob("*.toml")}
    assert set(files) == set(providers.names({}))
    for file in files.values():
        assert file.read_text(encoding="utf-8").startswith("# Sources")


def test_every_listed_model_makes_sense() -> None:
    for provider in providers.names({}):
        for model in models.known(provider, {}):
            assert model.max_output_tokens <= model.context_window
            prices = model.prices
            if prices and prices.cached_input is not None:
                assert prices.cached_input <= prices.input <= prices.output
            if model.long_prices:
                assert prices
                assert model.long_prices.input > prices.input
                assert model.long_prices.above_tokens < model.context_window


def test_claude_like_models_edit_and_gpt_like_models_apply_patches() -> None:
    assert models.profile("anthropic", "claude-opus-5-5", {}).edit_tool == "edit"
    assert models.profile("openai", "gpt-6.1-sol", {}).edit_tool == "apply_patch"
    assert models.profile("groq", "openai/gpt-oss-20b", {}).edit_tool == "apply_patch"


def test_an_unlisted_model_has_the_defaults_of_its_provider_and_no_prices() -> None:
    profile = models.profile("anthropic", "claude-next", {})
    assert (profile.name, profile.thinking, profile.prices) == ("claude-next", "adaptive", None)
    assert profile.cost(input=1, output=1) is None


def test_a_model_of_an_unlisted_provider_has_the_defaults_of_the_class() -> None:
    profile = models.profile("mine", "m", {})
    assert profile == models.ModelProfile(provider="mine", name="m")
    assert models.profile("../providers", "m", {}).prices is None


def test_a_dated_snapshot_is_its_model() -> None:
    dated = models.profile("anthropic", "claude-haiku-4-5-20251001", {})
    plain = models.profile("anthropic", "claude-haiku-4-5", {})
    assert dated.prices == plain.prices is not None
    assert dated.name == "claude-haiku-4-5-20251001"


def test_the_user_says_things_over_a_profile_and_adds_models() -> None:
    over = {
        "ollama/qwen3:8b": {"context_window": 40_960, "edit_tool": "apply_patch"},
        "anthropic/claude-opus-5-5": {"prices": {"input": 1.0, "output": 2.0}},
    }
    assert models.profile("ollama", "qwen3:8b", over).context_window == 40_960
    opus = models.profile("anthropic", "claude-opus-5-5", over)
    assert opus.prices and (opus.prices.input, opus.prices.cache_write) == (1.0, 5.0)
    assert [model.name for model in models.known("ollama", over)] == ["qwen3:8b"]


def test_values_that_do_not_fit_together_name_the_model() -> None:
    with pytest.raises(ConfigError, match='models."mine/m"'):
        models.profile("mine", "m", {"mine/m": {"prices": {"input": 1.0}}})


def test_a_long_prompt_costs_the_long_price_for_the_whole_request() -> None:
    haiku = models.profile("anthropic", "claude-haiku-5-5", {})
    assert haiku.cost(input=50_000, cached_input=50_000, output=0) == pytest.approx(0.0055)
    assert haiku.cost(input=50_000, cached_input=50_001, output=0) == pytest.approx(
        0.0275, rel=1e-3
    )


def test_tokens_without_a_price_of_their_own_cost_as_much_as_input() -> None:
    prices = models.Prices(input=3.0, output=5.0)
    profile = models.ModelProfile(provider="p", name="m", prices=prices)
    assert profile.cost(input=0, output=0, cached_input=1_000_000, cache_write=1_000_000) == 6.0


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("groq/openai/gpt-oss-120b", r'models\."groq/openai/gpt-oss-120b"\.images'),
        ("deepseek/seer", r"providers\.deepseek\.quirks\.images"),
    ],
)
def test_a_picture_that_cannot_be_shown_is_refused_with_the_setting(name: str, named: str) -> None:
    provider, model = models.split(name).provider, models.split(name).model
    profile = models.profile(provider, model, {"deepseek/seer": {"images": True}})
    quirks = providers.table(provider, {}).quirks
    assert not profile.takes_images(quirks)
    with pytest.raises(UsageError) as raised:
        profile.require_images(quirks)
    assert re.search(named, raised.value.hint)


def test_a_picture_that_can_be_shown_is_not_refused() -> None:
    profile = models.profile("anthropic", "claude-opus-5-5", {})
    profile.require_images(providers.table("anthropic", {}).quirks)
    assert profile.takes_images(providers.table("anthropic", {}).quirks)


_tokens = st.integers(0, 2_000_000)


@given(a=_tokens, b=_tokens, output=_tokens)
def test_reading_from_the_cache_never_costs_more_than_input(a: int, b: int, output: int) -> None:
    sonnet = models.profile("anthropic", "claude-sonnet-5-5", {})
    cached = sonnet.cost(input=a, cached_input=b, output=output)
    plain = sonnet.cost(input=a + b, output=output)
    assert cached is not None and plain is not None
    assert 0 <= cached <= plain + 1e-9


@pytest.mark.parametrize("name", ["", "gpt", "/gpt", "openai/"])
def test_a_name_without_provider_or_model_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is not provider/model"):
        models.split(name)


def test_a_model_may_have_slashes_of_its_own() -> None:
    split = models.split("groq/openai/gpt-oss-120b")
    assert msgspec.structs.astuple(split) == ("groq", "openai/gpt-oss-120b")
