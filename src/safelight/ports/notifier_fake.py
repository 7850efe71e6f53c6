"""A notifier that remembers."""

from safelight.ports.notifier import Notice


class FakeNotifier:
    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def notify(self, notice: Notice) -> None:
        self.notices.append(notice)
