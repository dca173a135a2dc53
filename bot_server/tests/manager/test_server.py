"""The bot manager's start. What it answers is tested with real processes: tests/processes/test_manager.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from errors import SettingsError
from manager.server import Manager
from settings import Settings


def test_without_a_key_it_does_not_start(tmp_path: Path) -> None:
    """W27: with an empty key anybody could sign deliveries."""
    with pytest.raises(SettingsError, match="BOT_KEY"):
        Manager(Settings(bot_key=SecretStr(""), bot_config=tmp_path))
