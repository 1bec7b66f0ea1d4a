"""Posts of blogs, their comments, and who follows whom; the message by which an item is published"""

import sqlalchemy as sa
from alembic import op

from storage.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "follow",
        sa.Column("follower", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("follower", "author"),
    )
    op.create_index("ix_follow_author", "follow", ["author"])

    op.create_table(
        "comment",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"]),
        sa.ForeignKeyConstraint(["post_id"], ["item.id"]),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index("ix_comment_post_id", "comment", ["post_id"])

    op.create_table(
        "post",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("published_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("whole", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"]),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_table(
        "post_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.String(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_post_edit_item_id", "post_edit", ["item_id"])

    op.add_column("item", sa.Column("publication", sa.String(), nullable=True))
    op.create_index("ix_item_publication", "item", ["publication"])


def downgrade() -> None:
    op.drop_index("ix_item_publication", "item")
    op.drop_column("item", "publication")

    op.drop_index("ix_post_edit_item_id", "post_edit")

    op.drop_table("post_edit")
    op.drop_table("post")
    op.drop_index("ix_comment_post_id", "comment")

    op.drop_table("comment")
    op.drop_index("ix_follow_author", "follow")

    op.drop_table("follow")
