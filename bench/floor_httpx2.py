"""The floor of kedge's HTTP library: an agent loop by hand on `httpx2`, as its manual has it.

PROMPT is the only argument; the provider is at ANTHROPIC_BASE_URL.
"""

import asyncio
import os
import sys

import httpx2
from hands import HEADERS, Answer, Conversation


async def work() -> None:
    """Work on the prompt until no tool is called."""
    url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
    conversation = Conversation(sys.argv[1])
    async with httpx2.AsyncClient(timeout=120) as client:
        while True:
            answer = Answer()
            body = conversation.body()
            async with client.stream("POST", url, content=body, headers=HEADERS) as response:
                response.raise_for_status()
                async for event in httpx2.EventSource(response):
                    answer.take(event.data)
            if not conversation.goes_on(answer):
                return


def main() -> None:
    """Run the loop."""
    asyncio.run(work())
