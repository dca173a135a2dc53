"""The builder's last step of its own: shows the new bot's file to whoever asked, who alone can save it."""

from __future__ import annotations

from errors import StepError
from steps import Payload, Step

SECOND_TRIES = 20
COSTS = "\n\nIt thinks with a model, which costs money: until the operator adds `ALLOW_SERVICES=…,{name}` to `.env`, it is off and says so."


class ProposeBot(Step):
    """Proposes payload['bot_file'] as a new bot, in the name of whoever asked, and says in the draft where they save it."""

    @property
    def activity(self) -> str:
        """What the room shows meanwhile."""
        return "checking the file"

    def process(self, payload: Payload) -> Payload:
        """Find a name that is free, propose the file, and set payload['draft']['body']."""
        name, yaml = payload["bot_file"]["name"], payload["bot_file"]["yaml"]
        said = f" {payload['bot_said']}" if payload.get("bot_said") else ""
        try:
            free = self._free(name)
            yaml = yaml.replace(f"\nname: {name}\n", f"\nname: {free}\n", 1)
            proposal = self.context.workshop.propose(free, yaml, f"Made with /newbot by {payload['asker']['username']}")
            way = f"**[Look at it and save it]({proposal['page']})**, and it is there within two seconds as @{free}."
        except StepError as error:
            if error.code != "no_workshop":
                raise
            free, way = name, f"There is no chat here to save it in: save it as `bot_config/{name.replace('-', '_')}.yaml`."
        costs = COSTS.format(name=free) if payload["bot_file"]["costs"] else ""
        payload["draft"]["body"] = f"Here is your bot.{said} {way}{costs}\n\n```yaml\n{yaml}```"
        self.note = f"{free} proposed"
        return payload

    def _free(self, name: str) -> str:
        """The name, with a number behind it when a bot has it already."""
        for number in range(1, SECOND_TRIES):
            wanted = name if number == 1 else f"{name}-{number}"
            try:
                self.context.workshop.file(wanted)
            except StepError as error:
                if error.code != "workshop_refused":
                    raise
                return wanted
        raise StepError(f"There are {SECOND_TRIES} bots called {name}. Give yours another name.", code="name_taken")
