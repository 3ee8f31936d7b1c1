"""Where worklists go: the part of a project's YAML under `delivery:`. Credentials are named here, never written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from uptier.thresholds import Part

Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="name of an environment variable")]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=63)]
HubspotProperty = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
Seconds = Annotated[float, Field(gt=0, le=600)]


class FilesSettings(Part):
    """A folder of files, each replaced whole.

    Attributes
    ----------
    kind : str
        ``files``.
    folder : Path
        Where they go.
    formats : tuple of str
        Which are written.
    """

    kind: Literal["files"]
    folder: Path
    formats: tuple[Literal["csv", "parquet", "jsonl"], ...] = ("csv", "parquet")


class DigestSettings(Part):
    """One page for each CSM, in a folder or by mail.

    Attributes
    ----------
    kind : str
        ``digest``.
    folder : Path or None
        Where pages go; None where they are only mailed.
    format : str
        How a page is written.
    smtp_host : str or None
        Server that takes mail; None for no mail.
    smtp_port : int
        Its port, which speaks STARTTLS, or TLS from the start on 465.
    sender : str or None
        Address that mail comes from.
    addresses : dict of str to str
        Mail address of each CSM, by owner; a CSM without one gets no mail.
    user_env, password_env : str
        Environment variables with the server's user and password.
    timeout : float
        Seconds that the server may take.
    """

    kind: Literal["digest"]
    folder: Path | None = None
    format: Literal["html", "markdown"] = "html"
    smtp_host: str | None = None
    smtp_port: Annotated[int, Field(gt=0, le=65535)] = 587
    sender: str | None = None
    addresses: dict[str, str] = {}
    user_env: Variable = "UPTIER_SMTP_USER"
    password_env: Variable = "UPTIER_SMTP_PASSWORD"  # the name of a variable
    timeout: Seconds = 30


class DatabaseSettings(Part):
    """A table of a database.

    Attributes
    ----------
    kind : str
        ``database``.
    url_env : str
        Environment variable with the address, as SQLAlchemy writes it.
    table : str
        The table.
    db_schema : str or None
        Its schema; the connection's own by default.
    timeout : float
        Seconds that a statement may take.
    """

    kind: Literal["database"]
    url_env: Variable = "UPTIER_DELIVERY_DATABASE"
    table: Identifier = "uptier_worklist"
    db_schema: Identifier | None = None
    timeout: Seconds = 60


class SalesforceSettings(Part):
    """A child object of accounts in Salesforce.

    Attributes
    ----------
    kind : str
        ``salesforce``.
    login_url : str
        Where tokens are given: the organisation's own domain.
    object_name : str
        API name of the object, with its ``__c``.
    account_lookup : str
        Lookup of that object to its account.
    account_key : str
        Field of Account, an external id, that holds the project's account ids.
    api_version : str
        Version of the API.
    flow : str
        How a token is asked for: client credentials, or a signed JWT.
    client_id_env, client_secret_env, user_env, private_key_env : str
        Environment variables with what the flow needs; the private key as PEM.
    timeout : float
        Seconds that an answer may take.
    job_timeout : float
        Seconds that a bulk job may take.
    """

    kind: Literal["salesforce"]
    login_url: Annotated[str, Field(pattern=r"^https://")]
    object_name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*__c$")] = "Uptier_Recommendation__c"
    account_lookup: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*__c$")] = "Account__c"
    account_key: Identifier = "Uptier_Account_Id__c"
    api_version: Annotated[str, Field(pattern=r"^\d{2}\.0$")] = "62.0"
    flow: Literal["client_credentials", "jwt"] = "client_credentials"
    client_id_env: Variable = "UPTIER_SALESFORCE_CLIENT_ID"
    client_secret_env: Variable = "UPTIER_SALESFORCE_CLIENT_SECRET"  # the name of a variable
    user_env: Variable = "UPTIER_SALESFORCE_USER"
    private_key_env: Variable = "UPTIER_SALESFORCE_PRIVATE_KEY"
    timeout: Seconds = 60
    job_timeout: Annotated[float, Field(gt=0, le=7200)] = 1800


class HubspotSettings(Part):
    """Objects of one type in HubSpot, each with a unique property of ours.

    Attributes
    ----------
    kind : str
        ``hubspot``.
    object_type : str
        Which objects carry our rows: ``deals``, or a custom object as the API knows it: by its id (``2-1234``) or by
        its name behind ``p_``. Its bare name is none: HubSpot stopped taking it in 2025.
    prefix : str
        What our properties begin with.
    company_property : str or None
        Unique property of companies that holds the project's account ids, to associate each object with its company;
        None for no association.
    new_only : dict of str to str
        Properties that an object is given when it is made and that people may change after, such as a deal's name and
        stage; ``{account_id}`` and other fields of the row are filled in.
    token_env : str
        Environment variable with the private app's token.
    base_url : str
        Where the API is; without TLS only on this machine.
    timeout : float
        Seconds that an answer may take.
    """

    kind: Literal["hubspot"]
    object_type: Annotated[str, Field(pattern=r"^(deals|0-3|2-\d+|p\d*_[A-Za-z0-9_]+)$")] = "p_uptier_recommendation"
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*_$", max_length=40)] = "uptier_"
    company_property: HubspotProperty | None = None
    new_only: dict[HubspotProperty, str] = {}
    token_env: Variable = "UPTIER_HUBSPOT_TOKEN"  # the name of a variable
    base_url: Annotated[str, Field(pattern=r"^(https://[^@\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?/?)$")] = (
        "https://api.hubapi.com"
    )
    timeout: Seconds = 30


DestinationSettings = Annotated[
    FilesSettings | DigestSettings | DatabaseSettings | SalesforceSettings | HubspotSettings,
    Field(discriminator="kind"),
]


class AnswersSettings(Part):
    """What people answer to rows of worklists, and what becomes of it.

    No source gives a figure for either number of days: their defaults are uptier's choice.

    Attributes
    ----------
    file : Path or None
        A CSV with answers, beside those that are read from Salesforce and HubSpot; its columns stand in
        docs/answers.md. Beside the project's YAML where it is not absolute.
    dismissed_days : int
        Days for which a row stays away that was dismissed without a date.
    farthest_days : int
        Days from now beyond which a date until which a row is dismissed is taken for a slip, and not read.
    """

    file: Path | None = None
    dismissed_days: Annotated[int, Field(ge=1, le=3650)] = 90
    farthest_days: Annotated[int, Field(ge=1, le=3650)] = 730


class DeliverySettings(Part):
    """Where worklists go, and where the answers to them come from.

    Attributes
    ----------
    destinations : dict of str to DestinationSettings
        By a name of the project's own, which the ledger keeps.
    ledger_env : str
        Environment variable with the address of the ledger's database, as SQLAlchemy writes it; where it is not set,
        the ledger is a SQLite file in the store.
    attempts : int
        How often a row is tried in one run, where the destination says that it may be taken later.
    backoff : float
        Seconds before the second attempt; doubled before each further one.
    webhook_env : str
        Environment variable with an address that is told when a run stops before sending, or is partly delivered.
    answers : AnswersSettings
        What people answer.
    """

    destinations: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)], DestinationSettings] = {}
    ledger_env: Variable = "UPTIER_LEDGER"
    attempts: Annotated[int, Field(ge=1, le=10)] = 4
    backoff: Annotated[float, Field(ge=0, le=600)] = 2.0
    webhook_env: Variable = "UPTIER_WEBHOOK"
    answers: AnswersSettings = AnswersSettings()
