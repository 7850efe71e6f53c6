"""Notices as lines of the node's log, for whoever watches it. What reaches people elsewhere comes beside this."""

import structlog

from safelight.ports.notifier import Notice

log = structlog.get_logger(__name__)


class LogNotifier:
    def notify(self, notice: Notice) -> None:
        log.info(
            f"notice.{notice.kind.value}", about=notice.about, to=notice.recipient or "reviewers", told=notice.message
        )
