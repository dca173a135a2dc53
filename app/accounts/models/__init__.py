from accounts.models.invitation import Invitation
from accounts.models.token import ApiToken
from accounts.models.user import User

__all__ = ["ApiToken", "Invitation", "User"]
