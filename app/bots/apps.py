from django.apps import AppConfig


class BotsConfig(AppConfig):
    name = "bots"

    def ready(self) -> None:
        from bots import faces, receivers  # noqa: F401 (receivers: connects them)
        from bots.profiles import profiles_of
        from bots.strip import extras_of
        from bots.waits import rooms_awaiting
        from chat import awaiting, extras, profiles

        profiles.sources.append(profiles_of)
        extras.sources.append(extras_of)
        extras.sources.append(faces.of)
        awaiting.sources.append(rooms_awaiting)
