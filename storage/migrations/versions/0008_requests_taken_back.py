"""The message that a request to join follows from"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("join_request", sa.Column("cause", sa.String(), nullable=True))
    op.create_index("ix_join_request_cause", "join_request", ["cause"])


def downgrade() -> None:
    op.drop_index("ix_join_request_cause", "join_request")
    op.drop_column("join_request", "cause")
