from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat import (
            extras,
            receivers,  # noqa: F401 (listens to accounts, and to what is deleted)
            showing,
        )

        # Before those of the apps above: pictures and files stand next to the words.
        extras.sources.insert(0, showing.under)
