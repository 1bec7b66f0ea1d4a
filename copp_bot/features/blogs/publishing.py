"""The message that shows a post: sent when it is published, changed with it, and told to those who follow its author.

The rule it keeps: it stands in one room, which everyone who may read the post can read, in the community's language.
"""

from dataclasses import dataclass

from sqlmodel import Session

from copp_bot.core import items
from copp_bot.core.context import Effects
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import RoomId, TxnId, UserId, group_of
from copp_bot.core.people import load_viewer
from copp_bot.core.permissions import Standing, Viewer
from copp_bot.core.readers import direct_place, reader
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.blogs import finding, render, service, space, store


@dataclass(frozen=True)
class Publisher:
    """What publishing needs beside its effects."""

    rooms: RoomDirectory
    bot: UserId

    def publish(self, effects: Effects, viewer: Viewer, item: store.Item, target: service.Target) -> None:
        """Let its readers read it, and show it to them."""
        is_first = store.post(effects.session, items.row_id(item)).published_at is None
        is_moved = group_of(item.audience) != group_of(target.audience)
        service.publish(effects, viewer, item, target)
        if is_moved or store.publication(effects.session, item) is None:
            self._take_back(effects, item)
            self._show(effects, item, target.room_id)
            self._announce(effects, item, target)
        if is_first:
            self._tell_followers(effects, item)

    def refresh(self, effects: Effects, item: store.Item) -> None:
        """It has been changed: so is what shows it."""
        here = store.publication(effects.session, item)
        if here is None or item.publication is None:
            return
        with reading_in(self.rooms.language):
            effects.edit(TxnId(item.publication), render.render_published(finding.describe(effects.session, item)))
            self._show_whole(effects, item, here.room_id, TxnId(item.publication))

    def _show(self, effects: Effects, item: store.Item, room_id: RoomId) -> None:
        with reading_in(self.rooms.language):
            root = effects.send(room_id, render.render_published(finding.describe(effects.session, item)))
            item.publication = root
            effects.session.add(item)
            self._show_whole(effects, item, room_id, root)

    def _announce(self, effects: Effects, item: store.Item, target: service.Target) -> None:
        """Who publishes for all members has a blog room of their own from then on, and what stands there is told."""
        own = space.rooms_of(effects.session, UserId(item.author))
        everyones = rooms_store.room_id(effects.session, service.BLOGS)
        if group_of(target.audience) is not None:
            return
        if own is None:
            space.request(effects, UserId(item.author))
        elif everyones is not None:
            with reading_in(self.rooms.language):
                shown = finding.describe(effects.session, item)
                effects.send(everyones, render.render_announced(shown, own[1], self.bot.partition(":")[2]))

    def _show_whole(self, effects: Effects, item: store.Item, room_id: RoomId, root: TxnId) -> None:
        """A long post's text in its thread: sent, changed or taken away."""
        shown = finding.describe(effects.session, item)
        row = store.post(effects.session, shown.id)
        if render.is_cut(shown.source) and row.whole is not None:
            effects.edit(TxnId(row.whole), render.render_whole(shown))
        elif render.is_cut(shown.source):
            row.whole = effects.send(room_id, render.render_whole(shown), below=root)
        elif row.whole is not None:
            effects.redact_own(row.whole)
            row.whole = None
        store.add(effects.session, row)

    def _take_back(self, effects: Effects, item: store.Item) -> None:
        row = store.post(effects.session, items.row_id(item))
        for txn in (item.publication, row.whole):
            if txn is not None:
                effects.redact_own(txn)
        item.publication = row.whole = None
        store.add(effects.session, row)

    def _tell_followers(self, effects: Effects, item: store.Item) -> None:
        for follower in store.followers(effects.session, item.author):
            if self._may_read(effects.session, load_viewer(effects.session, follower, effects.now), item):
                with reading_in(reader(effects.session, follower, self.rooms).language):
                    shown = finding.describe(effects.session, item)
                    effects.send(follower, render.render_news(shown, follower), bulk=True)

    def _may_read(self, session: Session, viewer: Viewer, item: store.Item) -> bool:
        """May this member read it in their direct chat?"""
        seen = items.audiences(session, viewer, direct_place(session, viewer.user_id), self.bot)
        return viewer.standing is Standing.MEMBER and item.audience in seen
