"""Cases"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moderation_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("report", "support", "appeal", name="casekind", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("about", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("room_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("event_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("command_event", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("desk", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("cards", sa.JSON(), nullable=False),
        sa.Column("owner", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("against", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    with op.batch_alter_table("moderation_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_moderation_case_about"), ["about"], unique=False)
        batch_op.create_index(batch_op.f("ix_moderation_case_by"), ["by"], unique=False)
        batch_op.create_index(batch_op.f("ix_moderation_case_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_moderation_case_command_event"), ["command_event"], unique=False)
        batch_op.create_index(batch_op.f("ix_moderation_case_event_id"), ["event_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("moderation_case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_moderation_case_event_id"))
        batch_op.drop_index(batch_op.f("ix_moderation_case_command_event"))
        batch_op.drop_index(batch_op.f("ix_moderation_case_closed_at"))
        batch_op.drop_index(batch_op.f("ix_moderation_case_by"))
        batch_op.drop_index(batch_op.f("ix_moderation_case_about"))

    op.drop_table("moderation_case")
