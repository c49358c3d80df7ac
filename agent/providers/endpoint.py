"""Where a model is reached, and with which key."""

from msgspec import Struct

from ...config.providers import ProviderTable
from ...config.secrets import Key
from ...config.settings import HttpSettings
from ..errors import ProviderError

_LEAST_SECRET = 8
"""Characters of a key below which it is a placeholder (`none`, `x`), not a secret."""


class Endpoint(Struct, frozen=True):
    """One model at one provider."""

    model: str
    """`provider/model`."""
    table: ProviderTable
    base_url: str
    """Of the wire's path. Empty where an SDK knows it."""
    key: Key | None
    http: HttpSettings

    @property
    def address(self) -> str:
        """What messages call it."""
        return self.base_url or self.table.title

    def url(self, path: str) -> str:
        """The address of the wire's path; a query of the base URL stays at the end."""
        base, mark, query = self.base_url.partition("?")
        return f"{base.rstrip('/')}/{path}{mark}{query}"

    def headers(self) -> dict[str, str]:
        """The headers that carry the key, and those that the provider always wants.

        Raises:
            ProviderError: `credentials`, there is no key or it cannot be sent.
        """
        return self._key_headers() | self.table.headers

    def _key_headers(self) -> dict[str, str]:
        if self.table.auth == "none" or (self.key is None and not self.table.key_env):
            return {}
        value = self.secret()
        bearer, plain = {"authorization": f"Bearer {value}"}, {"x-api-key": value}
        match self.table.auth:
            case "bearer":
                return bearer
            case "x-api-key":
                return plain
            case "both":
                return bearer | plain
            case "api-key":
                return {"api-key": value}

    def secret(self) -> str:
        """The key itself.

        Raises:
            ProviderError: `credentials`, there is none or it cannot be sent.
        """
        if self.key is None:
            names = " or ".join(self.table.key_env)
            login = f", or: kedge login {self.table.name}" if self.table.takes_a_key else ""
            raise ProviderError("credentials", f"no key for {self.table.title}: set {names}{login}")
        value = self.key.reveal()
        # What a header cannot carry, httpx2 would quote in its complaint.
        if not (value.isascii() and value.isprintable()):
            raise ProviderError(
                "credentials", f"{self.key.variable} holds characters that no key has: set it anew"
            )
        return value

    def worded(self, error: ProviderError) -> ProviderError:
        """The error, saying where the key is from where it is at fault, and never the key: some
        providers quote it."""
        text = str(error)
        if self.key:
            secret = self.key.reveal()
            if len(secret) >= _LEAST_SECRET:
                text = text.replace(secret, "[key]")
            if error.kind == "credentials":
                text = f"{text} (the key is {self.key.origin})"
        error.args = (text,)
        return error
