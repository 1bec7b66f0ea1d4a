"""Licences of items, and what is alike in all ways of writing a link"""

import re
from urllib.parse import urlencode

import sqlalchemy as sa
from alembic import op
from yarl import URL

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("licence", sa.String(), nullable=True))
    op.add_column("resource", sa.Column("address", sa.String(), nullable=True))
    op.create_index("ix_resource_address", "resource", ["address"])
    resource = sa.table("resource", sa.column("item_id"), sa.column("url"), sa.column("address"))
    links = op.get_bind().execute(sa.select(resource.c.item_id, resource.c.url).where(resource.c.url.is_not(None)))
    for item_id, url in links.all():
        op.execute(resource.update().where(resource.c.item_id == item_id).values(address=_alike(url)))


def _alike(url: str) -> str:
    """As the library computed it when this was written."""
    address = URL(url)
    host = (address.host or "").lower().rstrip(".").removeprefix("www.")
    port = "" if address.port in {80, 443, None} else f":{address.port}"
    told_by_others = re.compile(r"utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|yclid", re.IGNORECASE)
    asked = ((key, value) for key, value in address.query.items() if not told_by_others.fullmatch(key))
    query = urlencode(sorted(asked, key=lambda pair: pair[0]))
    place = f"#{address.fragment}" if address.fragment.startswith(("!", "/")) else ""
    return f"{host}{port}{address.path.rstrip('/')}{'?' if query else ''}{query}{place}"


def downgrade() -> None:
    op.drop_index("ix_resource_address", "resource")
    op.drop_column("resource", "address")
    op.drop_column("item", "licence")
