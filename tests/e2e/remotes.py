"""The three wires as a user reaches them: model, variables and options for a loopback server."""

from kedge.agent.events import Event
from loopback.script import WIRE_NAMES, Call, Turn, WireName, turn
from msgspec import Struct
