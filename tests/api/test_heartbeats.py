"""Heartbeats over the API."""

from starlette.testclient import TestClient


def test_a_heartbeat_is_made_listed_paused_resumed_and_removed(api: TestClient, dana: dict[str, str]) -> None:
    made = api.post("/heartbeats", json={"name": "backup", "every": "24h", "service": "ledger"}, headers=dana).json()
    assert made["url"].startswith("http://tocsin.example/heartbeat/")
    (listed,) = api.get("/heartbeats", headers=dana).json()["items"]
    assert (listed["name"], listed["state"], listed["every_seconds"], listed["grace_seconds"]) == (
        "backup",
        "new",
        86400,
        60,
    )
    assert made["url"] not in str(listed)
    path = f"/heartbeats/{made['id']}"
    assert api.post(f"{path}/pause", headers=dana).json()["state"] == "paused"
    assert api.post(f"{path}/resume", headers=dana).json()["state"] == "new"
    assert api.delete(path, headers=dana).status_code == 200
    assert api.get("/heartbeats", headers=dana).json()["items"] == []
    assert api.delete(path, headers=dana).status_code == 404
    assert api.post("/heartbeats", json={"name": "x", "every": "1s"}, headers=dana).status_code == 422
