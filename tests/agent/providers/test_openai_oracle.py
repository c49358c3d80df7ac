"""The openai package as witness: its types accept our bodies, its fold of a stream is ours.

Imported within the tests: it takes a second.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from loopback.script import Call, Refusal, Text, Thinking, Turn, Usage, turn
from loopback.server import LoopbackServer

from kedge.agent.deltas import Draft
from kedge.agent.events import ToolSpec
from kedge.agent.messages import Image, Message, ToolCall, ToolResult
from kedge.agent.messages import Text as Words
from kedge.agent.messages import Thinking as Reasoning
from kedge.agent.ports import Request
from kedge.agent.providers.openai_chat import OpenAIChatWire
from kedge.agent.providers.openai_responses import OpenAIResponsesWire
from kedge.agent.providers.sse import EventParser
from kedge.agent.providers.wire import Wire
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable, Quirks
