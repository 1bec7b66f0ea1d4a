"""Who a browser is: one-time links from the direct chat, and the sessions they begin.

The rule it keeps: a secret leaves once and is kept as its hash; what a session may do is read anew from the mirror at
every request, so that it ends with the membership.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from copp_bot.core.context import Effects
from copp_bot.core.ids import COMMUNITY, TxnId, UserId
from copp_bot.core.people import load_viewer
from copp_bot.core.permissions import Policy, Standing, Viewer
from copp_bot.core.reply import clean
from copp_bot.core.store import web as store

SIGN_IN = "web.sign_in"
"""Permission to have pages of one's own."""
LINK_LIFE = timedelta(minutes=10)
SESSION_LIFE = timedelta(days=30)
SEEN_EVERY = timedelta(hours=1)
MOST_LINKS = 3
"""Links that one person is sent within ``LINK_LIFE``, however often they are asked for."""
LONGEST_AGENT = 200
HOME = "/home"
NOBODY = Viewer(UserId(""), Standing.OUTSIDER)
"""Whoever is not signed in."""


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page.

    Args:
        session_id: None for who is not signed in.
    """

    viewer: Viewer = NOBODY
    session_id: int | None = None

    @property
    def is_known(self) -> bool:
        """Is this a member who has signed in?"""
        return self.session_id is not None


@dataclass(frozen=True)
class SignedIn:
    """A browser that is signed in, as its owner is shown it."""

    session_id: int
    agent: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Link:
    """A link that may be used now.

    Args:
        path: the page to go on to.
        is_bound: only the browser that asked may use it.
    """

    user_id: UserId
    path: str
    browser: str | None
    txn_id: TxnId | None

    def fits(self, browser: str) -> bool:
        """May it be used in the browser with this secret?"""
        return self.browser is None or hmac.compare_digest(self.browser, hash_of(browser))


def hash_of(secret: str) -> str:
    """What is kept of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """256 random bits, fit for addresses and cookies."""
    return secrets.token_urlsafe(32)


def csrf_token(secret: str) -> str:
    """What forms of the browser with this cookie carry; nobody else can know it."""
    return hmac.new(secret.encode(), b"form", "sha256").hexdigest()


def is_csrf_token(said: str, secret: str) -> bool:
    """Does the form come from a page that was shown to the browser with this cookie?"""
    return bool(secret) and hmac.compare_digest(said.encode(), csrf_token(secret).encode())


def new_link(session: Session, user_id: UserId, now: datetime, *, browser: str | None = None, path: str = HOME) -> str:
    """The secret of a new link; empty when this person has been sent too many.

    Args:
        browser: the secret of the browser that asks, which alone may use it then.
    """
    if store.links_since(session, user_id, now - LINK_LIFE) >= MOST_LINKS:
        return ""
    secret = new_secret()
    row = store.WebLinkRow(
        token=hash_of(secret),
        user_id=user_id,
        browser=hash_of(browser) if browser else None,
        path=path,
        created_at=now,
        expires_at=now + LINK_LIFE,
    )
    store.add(session, row)
    return secret


def carried_by(session: Session, secret: str, txn_id: TxnId, now: datetime) -> None:
    """Note which message carries a link, so that it can say that the link is used."""
    row = store.open_link(session, hash_of(secret), now)
    if row is not None:
        row.txn_id = txn_id
        session.add(row)


def link(session: Session, policy: Policy, secret: str, now: datetime) -> Link | None:
    """The link with this secret, while it may be used by whom it was sent to."""
    row = store.open_link(session, hash_of(secret), now)
    if row is None or not may_sign_in(policy, load_viewer(session, UserId(row.user_id), now)):
        return None
    return Link(UserId(row.user_id), row.path, row.browser, TxnId(row.txn_id) if row.txn_id else None)


def begin(effects: Effects, link_: Link, agent: str) -> str:
    """Sign a browser in: every link of the person is used up; returns the secret of the session."""
    session, now = effects.session, effects.now
    store.use_up(session, link_.user_id, now)
    store.drop_ended(session, now)
    secret = new_secret()
    row = store.WebSessionRow(
        token=hash_of(secret),
        user_id=link_.user_id,
        agent=clean(agent)[:LONGEST_AGENT],
        created_at=now,
        seen_at=now,
        expires_at=now + SESSION_LIFE,
    )
    store.add(session, row)
    effects.audit("web.signed_in", COMMUNITY, actor=link_.user_id)
    return secret


def visitor(session: Session, policy: Policy, secret: str, now: datetime) -> tuple[Visitor, bool]:
    """Who the browser with this cookie is now, and whether that it came is worth noting (once an hour)."""
    row = store.session_of(session, hash_of(secret), now) if secret else None
    if row is None:
        return Visitor(), False
    viewer = load_viewer(session, UserId(row.user_id), now)
    if not may_sign_in(policy, viewer):
        return Visitor(), False
    return Visitor(viewer, row.id), now - row.seen_at > SEEN_EVERY


def may_sign_in(policy: Policy, viewer: Viewer) -> bool:
    """Members may, and whoever else the declaration lets."""
    return policy.holds(viewer, SIGN_IN, COMMUNITY)


def signed_in(session: Session, user_id: UserId, now: datetime) -> tuple[SignedIn, ...]:
    """Where a person is signed in, the last used first."""
    rows = store.sessions(session, user_id, now)
    return tuple(SignedIn(row.id or 0, row.agent, row.created_at, row.seen_at) for row in rows)


def end(session: Session, user_id: UserId, session_id: int | None = None) -> int:
    """Sign one browser of a person out, or all; links end with all. Returns how many were signed in."""
    return store.end(session, user_id, session_id)


def end_everywhere(effects: Effects, user_id: UserId) -> int:
    """Sign a person out of every browser, and let no link of theirs be used any more."""
    store.use_up(effects.session, user_id, effects.now)
    return store.end(effects.session, user_id)


def forget(effects: Effects, user_id: UserId) -> None:
    """Nothing tells any more that this person was here."""
    store.forget(effects.session, user_id)
