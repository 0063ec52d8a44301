"""Settings come from the environment, and a wrong one is named."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from schemas.errors import ConfigError
from streams.settings import Settings
from streams.table import RAW


def test_nothing_set_is_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"GEOWIRE_PARTITIONS": ""}) == Settings()


def test_values_are_read() -> None:
    settings = Settings.from_env(
        {
            "GEOWIRE_PARTITIONS": "3",
            "GEOWIRE_DATA_DIR": "/srv/x",
            "ALLOW_PRIVATE": "a:1, b:2",
            "EVENT_TEXT": "None",
        }
    )
    assert (settings.partitions, settings.data_dir) == (3, Path("/srv/x"))
    assert settings.allow_private == ("a:1", "b:2")
    assert settings.event_text == "none"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GEOWIRE_PARTITIONS", "many"),
        ("GEOWIRE_PARTITIONS", "0"),
        ("EVENT_TEXT", "half"),
        ("GEOWIRE_NAMESPACE", "a b"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("GEOWIRE_SESSION_SECONDS", "-1"),
        ("GEOWIRE_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_named(variable: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.from_env({variable: value})
    assert variable in str(refused.value)
    assert value in str(refused.value)


def test_sasl_needs_a_user() -> None:
    with pytest.raises(ConfigError, match="KAFKA_SASL_USERNAME"):
        Settings.from_env({"KAFKA_BOOTSTRAP_SERVERS": "k:9092", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"})


def test_every_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    secrets = [field for field in fields(Settings) if field.metadata["secret"]]
    assert secrets
    for field in secrets:
        variable = field.metadata["variable"]
        settings = Settings.from_env({f"{variable}_FILE": str(file), variable: "other"})
        assert getattr(settings, field.name) == "secret"
        with pytest.raises(ConfigError, match=f"{variable}_FILE"):
            Settings.from_env({f"{variable}_FILE": str(tmp_path / "gone")})


def test_no_more_copies_are_asked_for_than_there_are() -> None:
    with pytest.raises(ConfigError, match="GEOWIRE_MIN_INSYNC=3 is more than GEOWIRE_REPLICATION=2"):
        Settings.from_env({"GEOWIRE_REPLICATION": "2", "GEOWIRE_MIN_INSYNC": "3"})
    for replication, chosen, least in ((1, 0, "1"), (2, 0, "1"), (3, 0, "2"), (3, 3, "3")):
        settings = Settings(replication=replication, min_insync=chosen)
        assert RAW.config(settings)["min.insync.replicas"] == least


def test_every_setting_says_what_it_is() -> None:
    for field in fields(Settings):
        assert field.metadata["variable"].isupper()
        assert field.metadata["doc"].endswith("."), field.name
