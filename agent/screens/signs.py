"""What gives away a text that tries to give a model instructions: phrases, tags, hidden characters.

A strong sign is enough; of the weak ones, which honest texts have too, it takes two kinds. Measured
on documentation and sources: `bench/leaks.py`. This finds what is written for all to see; a clever
text says the same in other words, which is why a result is data whether it is flagged or not.
"""

import re
from collections.abc import Collection
from functools import cached_property

from msgspec import Struct

_INSTRUCTIONS = r"(?:instructions?|prompts?|directives?|guidelines)"
_MODEL = (
    r"(?:ai(?: coding| language)?|llm|coding|automated)[ -](?:assistants?|agents?|models?)"
    r"|language models?|llms?|chatgpt|claude(?: code)?|copilot|gemini|gpt-?\d?|codex|kedge"
)
_DOING = (
    r"(?:run|execute|ignore|disregard|send|post|upload|download|install|delete|e-?mail|fetch|curl"
    r"|reveal|print|output|include|forward|read|open|visit|call|use the)"
)
_TO_MODELS = (
    *(
        "ai assistant",
        "ai agent",
        "ai model",
        "ai coding",
        "ai language",
        "coding a",
        "automated a",
    ),
    *("llm", "language model", "chatgpt", "claude", "copilot", "gemini", "gpt", "codex", "kedge"),
)
_LOOT = (
    r"(?:api[ _-]?keys?|credentials|secrets|passwords|\.env\b|environment variables|ssh[ _-]keys?"
    r"|private keys?|access tokens?|source code|conversation|chat history|system prompt)"
)


_BEFORE, _AFTER = 200, 500
"""Characters around an anchor in which a pattern is looked for."""


class Sign(Struct, frozen=True, dict=True):
    """A pattern, and what it means that it is there."""

    means: str
    anchors: tuple[str, ...]
    """A match is around one of them."""
    pattern: str
    """For a text in lower case."""
    weak: bool = False

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.MULTILINE)

    def is_in(self, text: str, anchors: Collection[str]) -> bool:
        """Whether a text that has these anchors has it."""
        return any(self._is_around(anchor, text) for anchor in self.anchors if anchor in anchors)

    def _is_around(self, anchor: str, text: str) -> bool:
        place = text.find(anchor)
        while place >= 0:
            if self._regex.search(text, max(0, place - _BEFORE), place + _AFTER):
                return True
            place = text.find(anchor, place + _AFTER - _BEFORE)
        return False


_PHRASES: tuple[Sign, ...] = (
    Sign(
        "asks to ignore earlier instructions",
        ("ignore ", "disregard ", "forget "),
        r"\b(?:ignore|disregard|forget)\s+(?:(?:all|any|every|the|your|my|these|those|of)\s+){0,4}"
        r"(?:previous|prior|above|preceding|earlier|foregoing|original|system|former)\s+"
        rf"(?:\w+\s+){{0,2}}?(?:{_INSTRUCTIONS}|orders)\b",
    ),
    Sign(
        "asks to ignore earlier instructions",
        ("ignore ", "disregard ", "forget ", "override ", "bypass "),
        r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:all\s+)?(?:of\s+)?your\s+(?:\w+\s+)?"
        rf"(?:{_INSTRUCTIONS}|rules|training|restrictions|programming)\b",
    ),
    Sign(
        "asks to ignore earlier instructions",
        ("ignorier", "vergiss", "vergessen sie", "missachte"),
        r"\b(?:ignorieren?(?: sie)?|vergiss|vergessen sie|missachten?)\s+(?:\w+\s+){0,3}"
        r"(?:vorherigen?|bisherigen?|obigen?|früheren?|vorigen?|vorangegangenen?)\s+(?:\w+\s+)?"
        r"(?:anweisung|befehl|instruktion|vorgabe|prompt)",
    ),
    Sign(
        "asks to ignore earlier instructions",
        ("nstru", "istruz", "órdenes", "indicaciones", "consignes", "directives "),
        r"\b(?:ignor[aei]|ignore[zr]?|olvid[ae]|oublie[zr]?|esqueça|dimentica|omite)\s+"
        r"(?:\w+\s+){0,3}(?:instrucciones|órdenes|indicaciones|instructions|consignes|directives"
        r"|instruções|istruzioni)\s+(?:\w+\s+)?"
        r"(?:anteriores|previas|précédentes|antérieures|ci-dessus|anteriori|precedenti)",
    ),
    Sign(
        "asks to ignore earlier instructions",
        ("忽略", "无视", "無視", "忽視", "忘记", "忘れ", "무시"),
        r"(?:忽略|无视|忽視|忘记)[^。\n]{0,12}(?:指令|指示|提示词|命令)"
        r"|(?:以前|前|これまで|上記|すべて)の(?:指示|命令|プロンプト)[^。\n]{0,6}(?:無視|忘れ)"
        r"|이전[^.\n]{0,6}(?:지시|명령|지침)[^.\n]{0,10}무시",
    ),
    Sign(
        "asks to ignore earlier instructions",
        ("игнорир", "забудь"),
        r"\b(?:игнорируй(?:те)?|забудь(?:те)?)\s+(?:\S+\s+){0,3}(?:инструкци|указани|команд)",
    ),
    Sign(
        "gives the model another role",
        ("you are now", "from now on", "pretend"),
        r"\byou are now\s+(?:in\s+)?(?:an?\s+|the\s+)?(?:\w+\s+){0,3}?"
        r"(?:assistant|ai|agent|chatbot|hacker|dan|unrestricted|jailbroken|developer mode"
        r"|(?:god|admin|root|debug) mode)\b"
        r"|\bfrom now on,?\s+you\s+(?:will|must|are|should)\s+(?:\w+\s+){0,3}"
        r"(?:obey|respond|answer|act|ignore|follow|execute|assistant)",
    ),
    Sign(
        "asks for the system prompt",
        ("system prompt", "initial instructions", "hidden instructions", "your instructions"),
        r"\b(?:reveal|repeat|leak|disclose|send|print|output|show)\s+(?:me\s+|us\s+)?"
        r"(?:the\s+|your\s+)(?:\w+\s+){0,2}?(?:system prompt|(?:initial|hidden) instructions)",
    ),
    Sign(
        "speaks to the model as if it were in charge",
        (*_TO_MODELS, "assistant", "agents"),
        r"(?:^|[*_#>!]|[.:]\s)\W{0,4}(?:important|attention|urgent|system|critical)\b\W{0,4}"
        rf"(?:(?:note|message|instructions?)\s+)?(?:(?:to|for)\s+)?(?:all\s+|the\s+|any\s+)?"
        rf"(?:{_MODEL}|assistant|agents)\b[^.\n]{{0,60}}?\b(?:must|should|shall|have to|need to)\s+"
        rf"(?:\w+\s+){{0,2}}?{_DOING}\b",
    ),
    Sign(
        "tells the model to act",
        ("if you are a", "since you are a", "because you are a", "if you're a"),
        rf"\b(?:if|since|because)\s+you(?:\s+are|'re)\s+an?\s+(?:{_MODEL}|ai)\b[^.\n]{{0,30}}?"
        rf"[,:]\s*(?:you\s+(?:must|should|have to)\s+|please\s+|first\s+|then\s+)*{_DOING}\b",
    ),
    Sign(
        "tells the model to hide something from the person",
        ("the user", "the human", "the developer", "the person"),
        r"\b(?:do not|don't|never)\s+(?:tell|inform|alert|notify|reveal (?:this|it) to"
        r"|mention (?:this|it|that|any of this) to)\s+the\s+(?:user|human|developer|person)\b",
        weak=True,
    ),
    Sign(
        "speaks to a model",
        (*_TO_MODELS, "as an ai"),
        rf"\b(?:{_MODEL})\b[^.\n]{{0,40}}?\b(?:must|should|please|have to|need to)\s+"
        rf"(?:\w+\s+){{0,2}}?{_DOING}\b|\bas an ai\b[^.\n]{{0,30}}?\byou (?:must|should)\b",
        weak=True,
    ),
    Sign(
        "asks to send data out",
        ("to http", "to `http", "to <http", "at http", "mail the", "mail all", "mail your"),
        r"\b(?:send|post|upload|e-?mail|exfiltrate|transmit|forward|append)\b[^.\n]{0,60}?"
        rf"{_LOOT}[^.\n]{{0,60}}?\b(?:to|at)\s+\W{{0,2}}(?:https?://|[\w.-]+@[\w-]+\.\w)",
        weak=True,
    ),
    Sign(
        "holds a command that sends secrets out",
        ("curl", "wget", "nc "),
        r"\b(?:curl|wget|nc)\b[^\n]{0,200}?(?:\$\(|`|@|<\s*)\s*"
        r"(?:(?:cat|base64|head|env|printenv)\b[^\n)`]{0,40})?"
        r"(?:~|\$home|/root|/home/\w+)/\.(?:ssh/|aws/|env\b|netrc|kube/|config/gh|git-credentials)"
        r"|\b(?:curl|wget)\b[^\n]{0,200}?(?:\$\(|`)\s*(?:env|printenv)\b",
    ),
)

_MARKS: tuple[Sign, ...] = (
    Sign(
        "poses as the end of a result",
        ("</tool_result", "</function_result", "<system-reminder>", "<|im_end|>"),
        r"</(?:tool|function)_results?>|<system-reminder>|<\|im_end\|>\s*<\|im_start\|>\s*system",
    ),
    Sign(
        "has the marks of a conversation",
        ("<|im_start|>", "[inst]", "<<sys>>", "<|system|>", "<|start_header_id|>", "<system>"),
        r"<\|im_start\|>|\[inst\]|<<sys>>|<\|system\|>|<\|start_header_id\|>|^\s{0,4}<system>",
        weak=True,
    ),
    Sign("shows text in another order than it is read", ("\u202e",), "\u202e[^\u202c\\n]{2,}"),
    Sign("hides text with a terminal's escapes", ("\x1b[",), "\x1b\\[(?:\\d+;)*8m"),
)

SIGNS = (*_PHRASES, *_MARKS)
ANCHORS = frozenset(anchor for sign in SIGNS for anchor in sign.anchors)

HIDDEN = (
    "(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0020-\U000e007e]{4,}"
    "|[\U000e0100-\U000e01ef\ufe00-\ufe0f]{4,}|[\u200b\u200c\u200d\u2060-\u2064\ufeff]{8,}"
)
"""Letters as invisible tags (not those of a flag), or as a code of characters without a width."""
BEYOND_ASCII = r"[^\x00-\x7f]{4,}"

COMMENT = (
    rf"\b(?:{_MODEL}|assistant|agents?)\b[\s\S]{{0,200}}?"
    rf"\b(?:must|should|always|never|please|do not)\s+(?:\w+\s+){{0,2}}?{_DOING}\b"
)
"""What is suspicious where a reader does not see it, in lower case."""
ROLE_TAG = (
    r"</?(?:tool_results?|function_results?|function_calls|system-reminder|system_prompt"
    r"|antml:[a-z_]+|user_query|system|assistant)\s*>"
    r"|<\|(?:im_start|im_end|system|assistant|user|start_header_id|end_header_id|eot_id)\|>"
    r"|<</?SYS>>|\[/?INST\]|<(?:start|end)_of_turn>"
)
"""Marks that end what a tool said, or begin what somebody else says, to some model or other."""
INVISIBLE = (
    "[\U000e0000-\U000e007f\U000e0100-\U000e01ef]+"
    "|[\u200b\u200c\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069]+|\x1b\\[[0-9;]*m"
)
"""Characters that a person does not see."""
