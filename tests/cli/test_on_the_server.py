"""Commands on the server's own machine, on both engines, also while the server runs."""

import json
import sqlite3
from pathlib import Path

from tests.cli.conftest import Tocsin
from tocsin.demo.installation import Installation

DATA = "TOCSIN_DATA"


def declared(server: Installation, title: str = "Checkout answers 500") -> int:
    """An incident's number."""
    made = server.client.post("/incidents", {"title": title, "severity": 2})
    return int(made["incident"]["number"])


def test_a_token_is_made_while_the_server_runs_for_a_scope_and_a_person(server: Installation) -> None:
    made = server.tocsin("token", "create", "--data", server.env[DATA], "--scope", "read", "--json")
    assert made.returncode == 0, made.stderr
    token = json.loads(made.stdout)["token"]
    assert server.tocsin("incidents", "list", env={"TOCSIN_TOKEN": token}).returncode == 0
    refused = server.tocsin("declare", "x", "-s", "3", env={"TOCSIN_TOKEN": token})
    assert refused.returncode == 1
    assert "respond" in refused.stderr
    options = ["--data", server.env[DATA], "--scope", "respond", "--person"]
    own = json.loads(server.tocsin("token", "create", *options, "ada", "--json").stdout)["token"]
    assert "Ada declared INC-1" in server.tocsin("declare", "x", "-s", "3", env={"TOCSIN_TOKEN": own}).stdout
    assert "nobody" in server.tocsin("token", "create", *options, "nobody").stderr


def test_a_token_of_which_nobody_says_whose_it_is_belongs_to_the_only_administrator(server: Installation) -> None:
    here = ["token", "create", "--data", server.env[DATA], "--json"]
    token = json.loads(server.tocsin(*here, "--scope", "admin").stdout)["token"]
    number = str(declared(server))
    taken = server.tocsin("role", "take", number, "commander", "--replace", env={"TOCSIN_TOKEN": token})
    assert taken.returncode == 0, taken.stderr
    assert json.loads(server.tocsin(*here, "--scope", "freeze:read").stdout)["person"] is None
    program = json.loads(server.tocsin(*here, "--scope", "respond", "--nobody").stdout)
    assert program["person"] is None
    refused = server.tocsin("role", "take", number, "commander", env={"TOCSIN_TOKEN": program["token"]})
    assert refused.returncode == 1
    assert "this token belongs to nobody, so name the person" in refused.stderr
    assert "--person" in refused.stderr


def test_verify_passes_while_the_server_runs_and_heads_show_an_older_copy(server: Installation, tmp_path: Path) -> None:
    declared(server)
    heads = str(tmp_path / "heads.json")
    done = server.tocsin("verify", "--export-heads", heads)
    assert done.returncode == 0, done.stderr
    assert "nothing was changed" in done.stdout
    declared(server, "another")
    assert server.tocsin("verify", "--heads", heads).returncode == 0


def test_verify_names_the_first_bad_entry_and_a_second_server_is_refused(tmp_path: Path) -> None:
    server = Installation(tmp_path / "tocsin").start()
    try:
        number = declared(server)
        second = server.tocsin("serve", env={"TOCSIN_LISTEN": "127.0.0.1:0"})
        assert second.returncode == 1
        assert second.stderr.startswith("tocsin: ")
    finally:
        server.stop()
    with sqlite3.connect(Path(server.env[DATA]) / "tocsin.db") as connection:
        connection.execute("update entries set body = replace(body, 'declared', 'declarex') where seq = 1")
    done = server.tocsin("verify")
    assert done.returncode == 1
    assert f"INC-{number}, entry 1" in done.stdout
    assert json.loads(server.tocsin("verify", "--json").stdout)["faults"][0]["entry"] == 1


def test_a_backup_taken_while_it_runs_is_restored_elsewhere(server: Installation, tmp_path: Path) -> None:
    number = declared(server)
    file = tmp_path / "backup.tar.gz"
    done = server.tocsin("backup", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0
    other = Installation(tmp_path / "other")
    other.env.pop("TOCSIN_DATABASE_URL", None)
    assert other.tocsin("restore", str(file)).returncode == 0
    other.start()
    try:
        assert other.client.get(f"/incidents/{number}")["title"] == "Checkout answers 500"
        assert other.tocsin("verify").returncode == 0
        again = other.tocsin("restore", str(file))
        assert again.returncode == 1
        assert again.stderr.startswith("tocsin: ")
    finally:
        other.stop()


def test_redacting_on_the_server_s_machine_removes_the_words(server: Installation) -> None:
    number = declared(server)
    made = server.client.post(f"/incidents/{number}/notes", {"text": "the word is swordfish"})
    entry = str(made["entries"][0]["seq"])
    done = server.tocsin("redact", str(number), entry, "--data", server.env[DATA], "--reason", "secret")
    assert done.returncode == 0, done.stderr
    assert "swordfish" not in str(server.client.get(f"/incidents/{number}/timeline", limit="200"))
    assert server.tocsin("verify").returncode == 0


def test_where_there_is_no_tocsin_it_says_how_to_make_one(tocsin: Tocsin, tmp_path: Path) -> None:
    done = tocsin("verify", "--data", str(tmp_path / "empty"))
    assert done.returncode == 1
    assert "tocsin serve" in done.stderr


def test_a_wrong_setting_is_one_sentence_that_names_it(tocsin: Tocsin) -> None:
    done = tocsin("serve", "--listen", "nowhere")
    assert done.returncode == 1
    assert "TOCSIN_LISTEN" in done.stderr
    assert "Traceback" not in done.stderr
