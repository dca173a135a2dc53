from bots.models.bot import Bot
from bots.models.run import Run
from bots.models.step import RunStep
from bots.models.version import BotVersion

__all__ = ["Bot", "BotVersion", "Run", "RunStep"]
