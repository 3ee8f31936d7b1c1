"""Calls to HubSpot through its own client: with a time limit, and with errors that quote neither token nor row."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from uptier.delivery.hubspot_replies import Reply, coded, scopes_wanted, words
from uptier.delivery_settings import HubspotSettings
from uptier.errors import DeliveryError, UnreachableError

# the longest that HubSpot counts calls over, apart from the day
WINDOW_SECONDS = 10.0
# "Error handling", https://developers.hubspot.com/docs/api-reference/error-handling: locked, over a limit, moved to
# another data centre; 408 is HTTP's own. From 500 on everything passes.
PASSING = frozenset({408, 423, 429, 477})


class Connection:
    """HubSpot's client, made when first used.

    Parameters
    ----------
    name : str
        The destination's, for messages.
    settings : HubspotSettings
        Where the API is, and for how long it may be silent.
    environment : mapping of str to str
        Holds the token.
    """

    def __init__(self, name: str, settings: HubspotSettings, environment: Mapping[str, str]) -> None:
        self.name = name
        self._settings = settings
        self._environment = environment
        self._pause = 0.0

    def __repr__(self) -> str:
        return f"Connection({self.name!r})"

    @cached_property
    def objects(self) -> Any:
        """Calls on single objects and lists of them."""
        return self._client.crm.objects.basic_api

    @cached_property
    def batches(self) -> Any:
        """Calls on up to 100 objects."""
        return self._client.crm.objects.batch_api

    @cached_property
    def properties(self) -> Any:
        """Calls on the properties of a type of objects."""
        return self._client.crm.properties.core_api

    @cached_property
    def property_batches(self) -> Any:
        """Calls on many properties."""
        return self._client.crm.properties.batch_api

    @cached_property
    def groups(self) -> Any:
        """Calls on groups of properties."""
        return self._client.crm.properties.groups_api

    @cached_property
    def associations(self) -> Any:
        """Calls on associations between objects."""
        return self._client.crm.associations.v4.batch_api

    def call(self, method: Callable[..., Any], *arguments: object, **options: object) -> Reply:
        """Call HubSpot once.

        Parameters
        ----------
        method : callable
            Of one of the client's parts above.
        *arguments : object
            What it is given.
        **options : object
            What it is given by name.

        Returns
        -------
        Reply
            Also where HubSpot refuses what was asked (400, 404, 409 and the like).

        Raises
        ------
        DeliveryError
            If it does not take the token, or the token may not do this.
        UnreachableError
            If it does not answer, or says that it cannot now.
        """
        import urllib3

        # Left to its own end, a window that is used up costs an error and a longer wait
        time.sleep(self._pause)
        self._pause = 0.0
        problem: DeliveryError | None = None
        reply = None
        try:
            # The raw answer: the client's models fail on shapes that HubSpot does send, and log bodies on the way
            answered = method(*arguments, **options, _preload_content=False, _request_timeout=self._settings.timeout)
            reply = self._reply(answered.status, answered.data, answered.headers)
        except urllib3.exceptions.HTTPError as error:
            problem = self._unreachable(error)
        except UnicodeDecodeError:
            problem = UnreachableError(f"{self._who} answered with an error that is no text.", do=_LATER)
        except _client_errors() as error:
            reply = self._reply(error.status or 0, error.body or "", error.headers or {})
        # raised here, not above: the client's own error holds headers and bodies, and would be this one's context
        if problem is not None:
            raise problem
        if reply is None:
            raise UnreachableError(f"{self._who} answered with something else than JSON.", do=_LATER)
        self._keep_pace(reply)
        refused = self._refusal(reply)
        if refused is not None:
            raise refused
        return reply

    def scopes(self) -> frozenset[str] | None:
        """Say what the token may do.

        Returns
        -------
        frozenset of str
            The scopes of a private app; None where HubSpot does not tell them of such a token.
        """
        path, body = "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": self._token}
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        client = self.objects.api_client
        try:
            reply = self.call(client.call_api, path, "POST", header_params=headers, body=body, auth_settings=["oauth2"])
        except DeliveryError:
            return None
        told = reply.body.get("scopes") if reply.taken else None
        return frozenset(str(scope) for scope in told) if isinstance(told, list) else None

    @property
    def _who(self) -> str:
        return f"HubSpot, the destination '{self.name}',"

    @cached_property
    def _client(self) -> Any:
        try:
            import hubspot  # type: ignore[import-untyped]  # it ships no types
            import urllib3
        except ModuleNotFoundError:
            raise DeliveryError(
                f"The destination '{self.name}' needs HubSpot's client, which is not installed.",
                do="Install it: pip install 'uptier[hubspot]'.",
            ) from None
        # no tries behind our back: what was tried and when is the ledger's to know
        once = urllib3.Retry(connect=0, read=0, redirect=0, status=0, other=0, raise_on_redirect=False)
        host = self._settings.base_url.rstrip("/")
        return hubspot.Client.create(access_token=self._token, host=host, retry=once)

    @property
    def _token(self) -> str:
        variable = self._settings.token_env
        token = self._environment.get(variable, "").strip()
        if not token:
            raise DeliveryError(
                f"The destination '{self.name}' needs a token of HubSpot.",
                found=f"no value in the environment variable {variable}",
                do=f"Make a private app in HubSpot and put its token into {variable}.",
            )
        if not re.fullmatch(r"[!-~]+", token):  # the HTTP library would quote it in its own error
            raise DeliveryError(
                f"The token of the destination '{self.name}' cannot be one.",
                found=f"blanks or characters outside ASCII in {variable}",
                do="Copy the token again, without quotes or line breaks.",
            )
        return token

    def _reply(self, status: int, data: bytes | str, headers: Mapping[str, str]) -> Reply | None:
        lower = {str(name).lower(): str(value) for name, value in headers.items()}
        try:
            body = json.loads(data) if data else {}
        except ValueError:
            body = None
        if not isinstance(body, dict):
            if status < 300:
                return None
            body = {}
        return Reply(status=status, body=body, headers=lower)

    def _keep_pace(self, reply: Reply) -> None:
        left = reply.number("x-hubspot-ratelimit-remaining")
        window = reply.number("x-hubspot-ratelimit-interval-milliseconds")
        if left == 0 and window is not None:
            self._pause = min(window / 1000, WINDOW_SECONDS)

    def _unreachable(self, error: Exception) -> DeliveryError:
        import urllib3

        reason = getattr(error, "reason", None) or error
        if isinstance(reason, urllib3.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(reason):
            return DeliveryError(
                f"{self._who} shows a certificate that is not trusted, so nothing was sent.",
                do="Check base_url, and the certificates that this machine trusts.",
            )
        # a connection that is refused is a time-out to urllib3
        refused = isinstance(reason, urllib3.exceptions.NewConnectionError)
        if isinstance(reason, urllib3.exceptions.TimeoutError) and not refused:
            silent = f"nothing within {self._settings.timeout:g} seconds"
            return UnreachableError(f"{self._who} did not answer in time.", found=silent, do=_LATER)
        kind = type(reason).__name__
        return UnreachableError(f"{self._who} cannot be reached, or hung up.", found=kind, do=_LATER)

    def _refusal(self, reply: Reply) -> DeliveryError | None:
        variable = self._settings.token_env
        if reply.status == 401:
            return DeliveryError(
                f"{self._who} does not take the token.",
                found=words(reply),
                do=f"It may have been rotated or revoked: put the private app's present token into {variable}.",
            )
        if reply.status == 403:
            scopes = scopes_wanted(reply)
            return DeliveryError(
                f"{self._who} does not let the token do this.",
                found=f"these scopes are wanted: {', '.join(scopes)}" if scopes else words(reply),
                do="Give the private app the scope, and try again.",
            )
        if reply.status == 429:
            return self._limit(reply)
        if reply.status in PASSING or reply.status >= 500:
            again = reply.headers.get("retry-after", "")
            wait = f"; it asks to wait {again} seconds" if again.isdecimal() else ""
            return UnreachableError(f"{self._who} cannot now.", found=f"{words(reply)}{wait}", do=_LATER)
        if not 200 <= reply.status < 300 and not 400 <= reply.status < 500:
            return DeliveryError(
                f"{self._who} answered with what the API does not know.",
                found=words(reply),
                do="Check base_url: something else than HubSpot's API may be there.",
            )
        return None

    def _limit(self, reply: Reply) -> UnreachableError:
        policy = coded(reply.body.get("policyName"))
        if policy == "DAILY":
            later = "The day's limit ends at midnight in the time zone of the HubSpot account."
        else:
            later = f"Wait {WINDOW_SECONDS:g} seconds at least; other apps of the account may use up the same limit."
        return UnreachableError(f"{self._who} is over a limit.", found=f"policy {policy or 'unnamed'}", do=later)


_LATER = "Try again later: rows are told by their key, so the same row twice changes nothing."


def _client_errors() -> tuple[type[Any], ...]:
    """Each part of the client has an error of its own by the same name."""
    from hubspot.crm.associations.v4.exceptions import ApiException as OfAssociations  # type: ignore[import-untyped]  # no types
    from hubspot.crm.objects.exceptions import ApiException as OfObjects  # type: ignore[import-untyped]  # no types
    from hubspot.crm.properties.exceptions import ApiException as OfProperties  # type: ignore[import-untyped]  # no types

    return OfObjects, OfProperties, OfAssociations
