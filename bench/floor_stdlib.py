"""The floor of the standard library: an agent loop by hand on `http.client`.

PROMPT is the only argument; the provider is at ANTHROPIC_BASE_URL.
"""

import http.client
import os
import sys

from hands import HEADERS, Answer, Conversation


def main() -> None:
    """Work on the prompt until no tool is called."""
    host = os.environ["ANTHROPIC_BASE_URL"].removeprefix("http://")
    connection = http.client.HTTPConnection(host)
    conversation = Conversation(sys.argv[1])
    while True:
        connection.request("POST", "/v1/messages", conversation.body(), HEADERS)
        answer = Answer()
        with connection.getresponse() as response:
            assert response.status == 200, response.read()
            for line in response:
                if line.startswith(b"data:"):
                    answer.take(line[5:])
        if not conversation.goes_on(answer):
            return
