"""Settings: closed, complete in the example, and clear about what is wrong."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from safelight.application.limits import AccessLimits
from safelight.domain.masking import Strategy
from safelight.entrypoints.settings import AccessSettings, Settings, SettingsInvalid, is_loopback, load_settings

EXAMPLE = Path(__file__).parents[2] / "safelight.example.toml"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("SAFELIGHT_"):
            monkeypatch.delenv(name)


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "safelight.toml"
    file.write_text(text)
    return file


def problems(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsInvalid) as raised:
        load_settings(written(tmp_path, text))
    return "\n".join(raised.value.problems)


def test_without_a_file_the_node_listens_on_loopback_only() -> None:
    settings = load_settings(None)
    assert is_loopback(settings.postgres.host)
    assert settings.api.host is not None and is_loopback(settings.api.host)
    assert settings.masking.default_strategy is Strategy.PSEUDONYM


def test_the_example_loads_and_says_what_the_defaults_are() -> None:
    example = load_settings(EXAMPLE)
    default = load_settings(None)
    for section in ("postgres", "api", "analysts", "audit", "masking", "access", "timeouts", "limits", "logging"):
        assert getattr(example, section) == getattr(default, section), section


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        annotation: Any = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found |= keys(annotation, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


def test_the_example_names_every_setting() -> None:
    text = re.sub(r"^# ([a-z_]+ = )", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    content = tomllib.loads(text)
    written_keys = {
        f"{section}.{key}" if isinstance(value, dict) else section
        for section, value in content.items()
        for key in (value if isinstance(value, dict) else [section])
    }
    expected = {key for key in keys(Settings) if not key.startswith("incident_sources")}
    assert expected <= written_keys, expected - written_keys


def test_access_settings_are_the_limits_of_the_workflow() -> None:
    """The composition root hands them over by name."""
    assert set(AccessSettings.model_fields) <= {field.name for field in fields(AccessLimits)}
    AccessLimits(**AccessSettings().model_dump())


def test_an_unknown_key_is_named_with_what_is_known(tmp_path: Path) -> None:
    said = problems(tmp_path, '[api]\nhots = "x"\n')
    assert "api.hots" in said
    assert "known here: advertised_url, host" in said


def test_an_unknown_key_of_an_incident_source_is_an_error(tmp_path: Path) -> None:
    said = problems(tmp_path, '[incident_sources.pager]\nsecret = "pager"\nservice = "orders"\n')
    assert "incident_sources.pager.service" in said
    assert "known here: secret, services" in said


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = problems(tmp_path, 'nodes = 1\n[postgres]\ntls = "off"\nport = 99999\n')
    assert "nodes" in said
    assert "'require' or 'offer'" in said
    assert "postgres.port" in said


@pytest.mark.parametrize(
    "text",
    ['[postgres]\nhost = "0.0.0.0"\ntls = "offer"\n', '[api]\nhost = "10.0.0.8"\n', '[api]\nhost = "gateway"\n'],
)
def test_clear_text_beyond_loopback_is_refused(tmp_path: Path, text: str) -> None:
    assert "not loopback" in problems(tmp_path, text)


def test_beyond_loopback_with_tls_is_fine(tmp_path: Path) -> None:
    settings = load_settings(
        written(tmp_path, '[api]\nhost = "10.0.0.8"\ntls = true\n[postgres]\nhost = "0.0.0.0"\n')
    )
    assert settings.api.host == "10.0.0.8"


def test_the_api_must_listen_somewhere(tmp_path: Path) -> None:
    assert "listens nowhere" in problems(tmp_path, '[api]\nhost = ""\n')
    settings = load_settings(written(tmp_path, '[api]\nhost = ""\nunix_socket = "api.sock"\n'))
    assert settings.api.host is None
    assert settings.api.unix_socket == tmp_path / "api.sock"


def test_a_variable_overrides_one_key_of_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFELIGHT_POSTGRES__PORT", "6000")
    settings = load_settings(written(tmp_path, '[postgres]\nport = 5555\ntls = "offer"\n'))
    assert settings.postgres.port == 6000
    assert settings.postgres.tls == "offer"


def test_a_variable_that_sets_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFELIGHT_POSTGRESS__PORT", "6000")
    monkeypatch.setenv("SAFELIGHT_SECRET_ORDERS", "not a setting")
    with pytest.raises(SettingsInvalid, match="SAFELIGHT_POSTGRESS__PORT sets nothing") as raised:
        load_settings(None)
    assert "SECRET" not in str(raised.value)


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, 'state_directory = "state"\n[files]\ntargets = ["t.toml"]\n'))
    assert settings.state_directory == tmp_path / "state"
    assert settings.files.targets == (tmp_path / "t.toml",)
    assert settings.secrets_directory == tmp_path / "state" / "secrets"


def test_a_file_that_is_not_there_or_not_toml(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load_settings(tmp_path / "none.toml")
    assert "is not TOML" in problems(tmp_path, "node = ")


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = load_settings(None)
    with pytest.raises(ValueError, match="frozen"):
        settings.postgres.port = 1
