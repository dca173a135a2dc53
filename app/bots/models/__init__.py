from bots.models.alert import Alert
from bots.models.approval import Approval
from bots.models.bot import Bot
from bots.models.case import Case, CaseResult
from bots.models.correction import Correction
from bots.models.feedback import Feedback
from bots.models.proposal import Proposal
from bots.models.question import Question
from bots.models.run import Run
from bots.models.spending import Spending
from bots.models.step import RunStep
from bots.models.version import BotVersion

__all__ = [
    "Alert", "Approval", "Bot", "BotVersion", "Case", "CaseResult", "Correction", "Feedback", "Proposal", "Question", "Run", "RunStep",
    "Spending",
]  # fmt: skip
