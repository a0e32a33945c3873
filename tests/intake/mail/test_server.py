"""Mail through a running server, by the standard library's client."""

import smtplib
import socket
from pathlib import Path

import pytest

from tests.standins.tls import make_certificate
from tocsin.demo.children import free_port
from tocsin.demo.installation import Installation


def test_mail_becomes_an_alert_and_the_next_ends_it(tmp_path: Path) -> None:
    port = free_port()
    house = Installation(tmp_path / "house", env={"TOCSIN_MAIL__LISTEN": f"127.0.0.1:{port}"}).start()
    try:
        made = house.client.post("/integrations", {"name": "mail", "sender": "email"})
        key = made["url"].rpartition("/")[2]
        beat = house.client.post("/heartbeats", {"name": "backup", "every": "1h"})
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            told = {f"{key.upper()}@x.example", f"heartbeat-{beat['url'].rpartition('/')[2]}@x.example"}
            assert client.sendmail("a@b.example", list(told), b"Subject: PROBLEM: disk\r\n\r\nfull") == {}
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("a@b.example", "nobody@x.example", b"Subject: a\r\n\r\nb")
            assert refused.value.recipients["nobody@x.example"][0] == 550
            (alert,) = house.client.get("/alerts")["items"]
            assert (alert["title"], alert["state"]) == ("disk", "firing")
            assert house.client.get("/heartbeats")["items"][0]["state"] == "good"
            client.sendmail("a@b.example", f"{key}@x.example", b"Subject: Re: disk is OK\r\n\r\nwell")
            assert house.client.get("/alerts")["items"][0]["state"] == "resolved"
        assert house.stop() == 0
        assert key not in house.output
    finally:
        house.stop()


def test_what_can_not_be_kept_is_for_the_sender_to_keep(tmp_path: Path) -> None:
    port = free_port()
    certificate = make_certificate(tmp_path)
    house = Installation(
        tmp_path / "house",
        env={
            "TOCSIN_MAIL__LISTEN": f"127.0.0.1:{port}",
            "TOCSIN_MAIL__MAX_BYTES": "2048",
            "TOCSIN_MAIL__CERTIFICATE": str(certificate.certificate_file),
            "TOCSIN_MAIL__CERTIFICATE_KEY": str(certificate.key_file),
            "TOCSIN_MAIL__REQUIRE_TLS": "true",
        },
    ).start()
    try:
        made = house.client.post("/integrations", {"name": "mail", "sender": "email"})
        house.client.call("PATCH", f"/integrations/{made['id']}", {"per_minute": 3})
        address = made["url"].rpartition("/")[2] + "@x.example"
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            with pytest.raises(smtplib.SMTPSenderRefused) as bare:
                client.sendmail("a@b.example", address, b"Subject: a\r\n\r\nb")
            assert bare.value.smtp_code == 530
            client.starttls(context=certificate.trusted())
            with pytest.raises(smtplib.SMTPResponseException) as large:
                client.sendmail("a@b.example", address, b"Subject: a\r\n\r\n" + b"b" * 3000)
            assert large.value.smtp_code == 552
            client.rset()
            with pytest.raises(smtplib.SMTPDataError) as circle:
                client.sendmail("a@b.example", address, b"Received: x\r\n" * 51 + b"Subject: a\r\n\r\nb")
            assert circle.value.smtp_code == 554
            assert client.sendmail("a@b.example", address, b"Subject: a\r\n\r\nb") == {}
            client.ehlo_or_helo_if_needed()
            client.mail("a@b.example")
            told = [client.rcpt(address)[0] for _ in range(5)]
            assert 451 in told, "the limit of its integration holds for mail too"
            assert set(told) == {250, 451}
            assert [each["title"] for each in house.client.get("/alerts")["items"]] == ["a"]
    finally:
        house.stop()


def test_a_port_in_use_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        house = Installation(tmp_path / "house", env={"TOCSIN_MAIL__LISTEN": listen})
        with pytest.raises(Exception, match=f"could not listen for mail on {listen}"):
            house.start()
