from django.apps import AppConfig


class BotsConfig(AppConfig):
    name = "bots"

    def ready(self) -> None:
        from bots import receivers  # noqa: F401 (connects them)
        from bots.profiles import profiles_of
        from chat import profiles

        profiles.sources.append(profiles_of)
