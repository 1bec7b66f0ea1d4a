"""Duty, hand-over notes, the log of the seven roles, and newcomers with their first posts"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "welcomed",
                "interacted",
                "connected",
                "integrated",
                "stimulated",
                "drove",
                "coached",
                name="sevenroles",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("target", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("done_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("event_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("deed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deed_done_at"), ["done_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_deed_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deed_target"), ["target"], unique=False)
        batch_op.create_index(batch_op.f("ix_deed_user_id"), ["user_id"], unique=False)

    op.create_table(
        "duty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.Column("until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duty_scope"), ["scope"], unique=False)
        batch_op.create_index(batch_op.f("ix_duty_user_id"), ["user_id"], unique=False)

    op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("written_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("event_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("handover", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handover_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_handover_scope"), ["scope"], unique=False)
        batch_op.create_index(batch_op.f("ix_handover_user_id"), ["user_id"], unique=False)

    op.create_table(
        "newcomer",
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("arrived_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("steward", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("room_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("event_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("posted_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("answered_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("asked", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("asked_again_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
    )
    with op.batch_alter_table("newcomer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_newcomer_arrived_at"), ["arrived_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_newcomer_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_newcomer_steward"), ["steward"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("newcomer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_newcomer_steward"))
        batch_op.drop_index(batch_op.f("ix_newcomer_event_id"))
        batch_op.drop_index(batch_op.f("ix_newcomer_arrived_at"))

    op.drop_table("newcomer")
    with op.batch_alter_table("handover", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_handover_user_id"))
        batch_op.drop_index(batch_op.f("ix_handover_scope"))
        batch_op.drop_index(batch_op.f("ix_handover_event_id"))

    op.drop_table("handover")
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_duty_user_id"))
        batch_op.drop_index(batch_op.f("ix_duty_scope"))

    op.drop_table("duty")
    with op.batch_alter_table("deed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deed_user_id"))
        batch_op.drop_index(batch_op.f("ix_deed_target"))
        batch_op.drop_index(batch_op.f("ix_deed_event_id"))
        batch_op.drop_index(batch_op.f("ix_deed_done_at"))

    op.drop_table("deed")
