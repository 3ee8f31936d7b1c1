"""The way to Salesforce: a token in memory, TLS verified, a time for every answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from uptier.delivery.salesforce_errors import ExpiredError, code, translated
from uptier.delivery_settings import SalesforceSettings
from uptier.errors import DeliveryError, UnreachableError

if TYPE_CHECKING:
    import requests
    from simple_salesforce.api import Salesforce

Given = TypeVar("Given")

TOKEN_PATH = "/services/oauth2/token"
# "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration", help.salesforce.com: of at most three minutes.
JWT_MINUTES = 3


class Connection:
    """A client that logs in when it is first needed, and once more where its token has expired.

    The client could log in itself, but only at addresses below salesforce.com that it builds from a name, without a
    port; the token is therefore asked for here, and given to it with the address of the instance.

    Parameters
    ----------
    settings : SalesforceSettings
        Where and how.
    environment : mapping of str to str
        Where the credentials are.
    """

    def __init__(self, settings: SalesforceSettings, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._environment = environment
        self._client: Salesforce | None = None

    def __repr__(self) -> str:
        return f"Connection({self._settings.login_url!r})"

    def call(self, doing: str, ask: Callable[[Salesforce], Given]) -> Given:
        """Call Salesforce, with one new login where the token has expired.

        Parameters
        ----------
        doing : str
            What is being done, for messages.
        ask : callable
            Is given the client; called a second time after a new login.

        Returns
        -------
        object
            What it gives.

        Raises
        ------
        UnreachableError
            If nobody answers, a limit is reached, or it is not known what became of the call.
        DeliveryError
            If trying again would not help.
        """
        try:
            return self._once(doing, ask)
        except ExpiredError:
            self._client = None
        try:
            return self._once(doing, ask)
        except ExpiredError as error:
            raise DeliveryError(error.what, found=f"{error.found}, with a new token too", do=error.do) from None

    def _once(self, doing: str, ask: Callable[[Salesforce], Given]) -> Given:
        if self._client is None:
            self._client = _client(self._settings, self._environment)
        try:
            with translated(doing):
                return ask(self._client)
        except (KeyError, TypeError) as error:
            # an answer without what every answer has: a proxy's page, or half of one
            raise UnreachableError(
                f"Salesforce gave no whole answer while {doing}.", found=type(error).__name__
            ) from None


def audience(login_url: str) -> str:
    """Say whom a JWT is for.

    Parameters
    ----------
    login_url : str
        The organisation's own domain.

    Returns
    -------
    str
        The authorization server of production, or that of sandboxes.

    Examples
    --------
    >>> audience("https://acme.my.salesforce.com"), audience("https://acme--uat.sandbox.my.salesforce.com")
    ('https://login.salesforce.com', 'https://test.salesforce.com')
    """
    host = urlsplit(login_url).hostname or ""
    return f"https://{'test' if host.startswith('test.') or '.sandbox.' in host else 'login'}.salesforce.com"


def _client(settings: SalesforceSettings, environment: Mapping[str, str]) -> Salesforce:
    try:
        from simple_salesforce.api import Salesforce
    except ImportError:
        raise DeliveryError(
            "The client for Salesforce is not installed.", do="Install it: pip install 'uptier[salesforce]'."
        ) from None
    session = _session(settings.timeout)
    token, instance = _token(session, settings, environment)
    # the one form in which the client keeps a port, and in which it never logs in by itself
    return Salesforce(session_id=token, instance_url=instance, version=settings.api_version, session=session)


def _session(timeout: float) -> requests.Session:
    import requests
    from requests.adapters import HTTPAdapter

    class Timed(HTTPAdapter):
        """Gives every call a time: the client sets none."""

        def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # the same arguments by name
            options["timeout"] = options.get("timeout") or timeout
            return super().send(request, **options)

    session = requests.Session()
    session.mount("https://", Timed())
    session.mount("http://", _Never())  # type: ignore[arg-type]  # all that a session asks of an adapter
    session.max_redirects = 0  # a credential or a row follows nobody elsewhere
    session.auth = _as_it_is  # else an entry in ~/.netrc would replace the token
    session.hooks["response"].append(_read_as_utf8)
    return session


class _Never:
    def send(self, *_: object, **__: object) -> Any:
        raise DeliveryError("Salesforce is spoken to over https alone.")

    def close(self) -> None:
        pass


def _as_it_is(request: Any) -> Any:
    return request


def _read_as_utf8(response: Any, *_: object, **__: object) -> None:
    # results are UTF-8; without a charset in its type, a text would be read as Latin-1
    if "charset" not in response.headers.get("Content-Type", ""):
        response.encoding = "utf-8"


def _token(session: requests.Session, settings: SalesforceSettings, environment: Mapping[str, str]) -> tuple[str, str]:
    doing = "logging in"
    if settings.flow == "jwt":
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": _assertion(settings, environment),
        }
    else:
        form = {
            "grant_type": "client_credentials",
            "client_id": _secret(environment, settings.client_id_env),
            "client_secret": _secret(environment, settings.client_secret_env),
        }
    with translated(doing):
        answer = session.post(settings.login_url.rstrip("/") + TOKEN_PATH, data=form)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise UnreachableError("Salesforce cannot log in anybody now.", found=f"HTTP {answer.status_code}")
        told = answer.json()
    if answer.status_code != 200 or not isinstance(told, dict):
        raise _not_let_in(settings, answer.status_code, told)
    token, instance = told.get("access_token"), told.get("instance_url")
    if not token or not str(instance).startswith("https://"):
        raise DeliveryError("Salesforce gave no token with the https address of an instance.")
    return str(token), str(instance)


def _not_let_in(settings: SalesforceSettings, status: int, told: Any) -> DeliveryError:
    # an OAuth error is a word of its own: invalid_client, invalid_grant; its description may quote a user's name
    error = str(told.get("error", "")) if isinstance(told, dict) else code(told)
    known = error if error.replace("_", "").isalpha() and error.islower() else ""
    names = (
        f"{settings.client_id_env}, {settings.user_env} and {settings.private_key_env}; "
        "the app must hold the certificate, and the user be allowed for it beforehand"
        if settings.flow == "jwt"
        else f"{settings.client_id_env} and {settings.client_secret_env}; "
        "the app must allow the client credentials flow and name a user to run as"
    )
    return DeliveryError(
        "Salesforce does not let uptier in.",
        found=f"HTTP {status} {known}".strip(),
        do=f"Look at {names}; login_url must be the organisation's own domain.",
    )


def _assertion(settings: SalesforceSettings, environment: Mapping[str, str]) -> str:
    import jwt

    # a variable often holds a key on one line
    key = _secret(environment, settings.private_key_env).replace("\\n", "\n")
    claims = {
        "iss": _secret(environment, settings.client_id_env),
        "sub": _secret(environment, settings.user_env),
        "aud": audience(settings.login_url),
        "exp": dt.datetime.now(dt.UTC) + dt.timedelta(minutes=JWT_MINUTES),
    }
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (jwt.exceptions.PyJWTError, TypeError, ValueError):
        raise DeliveryError(
            f"{settings.private_key_env} holds no private key that can sign.",
            do="It is to hold an RSA key as PEM, without a passphrase.",
        ) from None


def _secret(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise DeliveryError(
            f"The environment variable {name} is not set.", do="Set it to what the connected app in Salesforce shows."
        )
    return value
