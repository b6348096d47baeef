from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipeline.storage.database import newest_revision
from pipeline.storage.schema_upgrade import head

OPEN = """
import sys
from pipeline.storage.database import open_database
open_database(sys.argv[1]).dispose()
print("alembic" in sys.modules)
"""


def test_the_last_migration_by_name_is_the_one_that_follows_all_others() -> None:
    assert newest_revision() == head()


def test_a_database_that_is_up_to_date_is_opened_without_alembic(tmp_path: Path) -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", OPEN, f"sqlite:///{tmp_path}/q.db"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["True", "False"]
