"""Settings come from the environment and tocsin.toml; a wrong one is named with where it may be set."""

from pathlib import Path

import pytest

from tocsin.errors import ConfigurationError
from tocsin.settings import load_settings


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """tocsin.toml is read from where the server is started."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_anything_it_serves_sqlite_on_loopback() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.is_sqlite) == ("127.0.0.1", 8080, True)
    assert settings.outside_url == "http://127.0.0.1:8080"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tocsin.toml").write_text(
        'listen = "0.0.0.0:9000"\nbase_path = "tocsin/"\n[smtp]\nhost = "mail.larkfield.example"\n'
    )
    monkeypatch.setenv("TOCSIN_LISTEN", "[::1]:9100")
    monkeypatch.setenv("TOCSIN_SMTP__PORT", "2525")
    settings = load_settings()
    assert (settings.host, settings.port, settings.base_path) == ("::1", 9100, "/tocsin")
    assert (settings.smtp.host, settings.smtp.port) == ("mail.larkfield.example", 2525)
    assert settings.outside_url == "http://[::1]:9100/tocsin"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOCSIN_LISTEN", "8080"),
        ("TOCSIN_LISTEN", "127.0.0.1:99999"),
        ("TOCSIN_PUBLIC_URL", "ftp://larkfield.example"),
        ("TOCSIN_LOG_FORMAT", "xml"),
        ("TOCSIN_SMTP__SECURITY", "ssl3"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        load_settings()


def test_a_public_url_without_the_base_path_is_told_how_it_should_be() -> None:
    with pytest.raises(ConfigurationError, match=r"TOCSIN_BASE_PATH.*set it to https://ops\.larkfield\.example/tocsin"):
        load_settings(public_url="https://ops.larkfield.example/", base_path="tocsin")
    assert (
        load_settings(public_url="https://ops.larkfield.example/tocsin/", base_path="/tocsin/").base_path == "/tocsin"
    )


def test_secrets_are_not_shown_when_settings_are_printed() -> None:
    settings = load_settings(database_url="postgresql://tocsin:geheim@db/tocsin", key="id:geheim")
    assert "geheim" not in repr(settings)
