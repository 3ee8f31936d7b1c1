"""Who was forgotten: kept out of every later run, though the source still has them.

The store has a list, and the list has no ids: only their hashes, with a salt of its own. To honour it the ids of the
source are hashed in memory and compared; those that are on the list are left out of the tables. That works the same on
every engine, and writes no id anywhere.

Whoever has the list and an id can tell whether it is on it, so with ids that can be guessed the list tells who was
forgotten. It can be deleted once the source no longer has them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis

from uptier.errors import StoreError
from uptier.store import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from ibis.expr import types as ir

    from uptier.tables.mapping import Mapped

FILE = "forgotten.json"
SALT_BYTES = 32
ACCOUNTS, USERS, ACCOUNT_USERS = "accounts", "users", "users_of_accounts"


@dataclass(frozen=True, kw_only=True)
class ForgottenList:
    """Who was forgotten, as hashes.

    Attributes
    ----------
    salt : str
        Goes into every hash; drawn once for a store.
    accounts : frozenset of str
        Accounts.
    users : frozenset of str
        Users, whatever their account.
    users_of_accounts : frozenset of (str, str)
        Account, and user of it.
    """

    salt: str
    accounts: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    users_of_accounts: frozenset[tuple[str, str]] = frozenset()

    def has(self, account_id: str | None, user_id: str | None) -> bool:
        """Say whether somebody is on the list.

        Parameters
        ----------
        account_id : str or None
            The account; with `user_id`, the account whose user is meant.
        user_id : str or None
            The user.

        Returns
        -------
        bool
            As exactly this was asked to be forgotten.
        """
        return self.with_one(account_id, user_id) == self

    def with_one(self, account_id: str | None, user_id: str | None) -> ForgottenList:
        """Give the list with one more on it.

        Parameters
        ----------
        account_id : str or None
            The account; with `user_id`, the account whose user is meant.
        user_id : str or None
            The user.

        Returns
        -------
        ForgottenList
            The same where it was on it.
        """
        if user_id is None:
            return replace(self, accounts=self.accounts | {self._hash(ACCOUNTS, str(account_id))})
        if account_id is None:
            return replace(self, users=self.users | {self._hash(USERS, user_id)})
        pair = (self._hash(ACCOUNTS, account_id), self._hash(ACCOUNT_USERS, account_id, user_id))
        return replace(self, users_of_accounts=self.users_of_accounts | {pair})

    def accounts_among(self, ids: Iterable[str]) -> list[str]:
        """Find the forgotten accounts.

        Parameters
        ----------
        ids : iterable of str
            Ids of accounts.

        Returns
        -------
        list of str
            Those that are on the list.
        """
        return [one for one in ids if self._hash(ACCOUNTS, one) in self.accounts] if self.accounts else []

    def accounts_with_users_among(self, ids: Iterable[str]) -> list[str]:
        """Find the accounts of which some users were forgotten.

        Parameters
        ----------
        ids : iterable of str
            Ids of accounts.

        Returns
        -------
        list of str
            Those of which a user is on the list; a user of any account may be anywhere.
        """
        accounts = {account for account, _ in self.users_of_accounts}
        return [one for one in ids if self._hash(ACCOUNTS, one) in accounts] if accounts else []

    def users_among(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Find the forgotten users.

        Parameters
        ----------
        pairs : iterable of (str, str)
            Ids of accounts and of their users.

        Returns
        -------
        list of (str, str)
            Those that are on the list.
        """
        own = {user for _, user in self.users_of_accounts}
        return [
            (account, user)
            for account, user in pairs
            if self._hash(USERS, user) in self.users or self._hash(ACCOUNT_USERS, account, user) in own
        ]

    def _hash(self, *parts: str) -> str:
        return hmac.new(bytes.fromhex(self.salt), json.dumps(parts).encode(), hashlib.sha256).hexdigest()


def read_list(store: Path) -> ForgottenList | None:
    """Read the list of a store.

    Parameters
    ----------
    store : Path
        The project's store.

    Returns
    -------
    ForgottenList or None
        None where nobody was ever forgotten.

    Raises
    ------
    StoreError
        If it is there and cannot be read: to go on without it would bring back whom it names.
    """
    path = store / FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        bytes.fromhex(told["salt"])
        return ForgottenList(
            salt=told["salt"],
            accounts=frozenset(told[ACCOUNTS]),
            users=frozenset(told[USERS]),
            users_of_accounts=frozenset((account, user) for account, user in told[ACCOUNT_USERS]),
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"The list of who was forgotten, {path}, cannot be read: {type(error).__name__}.",
            do="Restore it from a backup: without it a run would bring back whom it names. If there is none, delete it "
            "and forget them again.",
        ) from None


def new_list() -> ForgottenList:
    """Give a list with nobody on it.

    Returns
    -------
    ForgottenList
        With a salt of its own.
    """
    return ForgottenList(salt=secrets.token_hex(SALT_BYTES))


def write_list(store: Path, told: ForgottenList) -> None:
    """Write the list of a store.

    Parameters
    ----------
    store : Path
        The project's store.
    told : ForgottenList
        Who is on it.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    content = {
        "salt": told.salt,
        ACCOUNTS: sorted(told.accounts),
        USERS: sorted(told.users),
        ACCOUNT_USERS: sorted(told.users_of_accounts),
    }
    write_whole(store / FILE, lambda fresh: fresh.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8"))


def without_forgotten(mapped: Mapping[str, Mapped], told: ForgottenList) -> tuple[dict[str, Mapped], frozenset[str]]:
    """Leave out of the tables whoever was forgotten.

    Parameters
    ----------
    mapped : mapping of str to Mapped
        The tables that the source has.
    told : ForgottenList
        Who was forgotten.

    Returns
    -------
    mapped : dict of str to Mapped
        The same tables without their rows.
    ids : frozenset of str
        Ids of theirs that the source still has, and that must not be shown: they stand in the statements.
    """
    ids = _texts(mapped["accounts"].table, "account_id")
    accounts = told.accounts_among(ids)
    users: dict[str, list[str]] = {}
    if told.users or told.users_of_accounts:
        within = None if told.users else told.accounts_with_users_among(ids)
        for account, user in told.users_among(sorted(_users(mapped, within))):
            users.setdefault(account, []).append(user)
    left = {name: replace(one, table=_without(one.table, accounts, users)) for name, one in mapped.items()}
    return left, frozenset(accounts) | {user for several in users.values() for user in several}


def _without(table: ir.Table, accounts: list[str], users: dict[str, list[str]]) -> ir.Table:
    if accounts and "account_id" in table.columns:
        # a row without an id stays: the check and its treatments decide on it
        table = table.filter(~ibis.coalesce(table.account_id.isin(accounts), False))
    if "user_id" in table.columns:
        for account, several in sorted(users.items()):
            theirs = (table.account_id == account) & table.user_id.isin(several)
            table = table.filter(~ibis.coalesce(theirs, False))
    return table


def _users(mapped: Mapping[str, Mapped], within: list[str] | None) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for one in mapped.values():
        if "user_id" in one.present:
            table = one.table if within is None else one.table.filter(one.table.account_id.isin(within))
            rows = table.select("account_id", "user_id").distinct().to_pandas().dropna()
            found |= set(rows.itertuples(index=False, name=None))
    return found


def _texts(table: ir.Table, column: str) -> list[str]:
    texts: list[str] = table.select(column).distinct().to_pandas()[column].dropna().tolist()
    return sorted(texts)
