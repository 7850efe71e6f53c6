"""The closed vocabulary of capabilities (DESIGN: words)."""

from enum import StrEnum


class Capability(StrEnum):
    """What a grant lets its principal do on a target."""

    READ = "read"
    WRITE = "write"
    DDL = "ddl"
    ADMIN = "admin"
    EXPORT = "export"
    UNMASK = "unmask"
    SHELL = "shell"
    EXEC = "exec"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    FORWARD = "forward"
