"""What is read of a message, whatever a mail program made of it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.intake.mail.message import LONGEST_TEXT, MOST_HOPS, hops, read_message
from tocsin.intake.mail.words import key_of, read_subject
from tocsin.intake.senders.email import parse, parse_by, show
from tocsin.intake.signal import Unreadable

RULES = "rules:\n  - subject: '(?P<state>UP|DOWN) (?P<check>.+)'\n    dedup_key: '{check}'\n    resolved: '^UP'\n"


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"Subject: =?utf-8?b?UMOkZ2VyIGRvd24=?=\n\nx", "Päger down"),
        (b"Subject: =?iso-8859-1?q?P=E4ger?= =?utf-8?q?_down?=\n\nx", "Päger down"),
        ("Subject: Päger\n\nx".encode(), "Päger"),
        (b"Subject: a\n  folded\n\tline\n\nx", "a folded line"),
        (b"Subject: =?no-such-charset?q?plain?=\n\nx", "plain"),
        (b"Subject: =?utf-8?b?not base64!?=\n\nx", "=?utf-8?b?not base64!?="),
        (b"Subject: first\nSubject: second\n\nx", "first"),
    ],
)
def test_a_subject_is_decoded_as_people_read_it(raw: bytes, subject: str) -> None:
    assert read_message(raw).subject == subject


def test_plain_text_comes_before_html_and_attachments_are_not_looked_at() -> None:
    mail = (
        b'Subject: s\nContent-Type: multipart/mixed; boundary="b"\n\n'
        b"--b\nContent-Type: text/plain\nContent-Disposition: attachment\n\nnot this\n"
        b"--b\nContent-Type: text/html\n\n<style>p{}</style><script>x()</script><p>rich &amp; <b>bold</b></p>\n"
    )
    assert read_message(mail + b"--b--\n").text == "rich & bold"
    assert read_message(mail + b"--b\nContent-Type: text/plain\n\nplain\n--b--\n").text == "plain"


def test_a_cut_letter_and_a_wrong_charset_spoil_nothing_else() -> None:
    cut = b"Subject: s\nContent-Type: text/plain; charset=utf-8\n\nwell \xc3"
    assert read_message(cut).text.startswith("well ")
    assert read_message(b"Subject: s\nContent-Type: text/plain; charset=punycode\n\nwell").text == "well"


def test_text_is_bounded_and_more_parts_than_anybody_sends_are_refused() -> None:
    assert len(read_message(b"Subject: s\n\n" + b"x" * 1_000_000).text) <= LONGEST_TEXT
    with pytest.raises(Unreadable, match="parts"):
        read_message(b"Subject: s\n" + b"Content-Type: text/plain\n\n" * 201)
    with pytest.raises(Unreadable, match="empty"):
        read_message(b" \r\n ")
    with pytest.raises(Unreadable, match="subject"):
        read_message(b"From: a@b.example\n\n")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Auto-Submitted: auto-replied", "automatic reply"),
        ("X-Tocsin: page", "Tocsin"),
        ('Content-Type: multipart/report; boundary="b"', "another message"),
    ],
)
def test_what_answers_by_itself_is_no_alert(header: str, why: str) -> None:
    raw = f"Subject: PROBLEM: disk\n{header}\n\nx".encode()
    assert why in read_message(raw).automatic
    assert parse(raw).signals == ()
    assert parse_by(RULES, raw).signals == ()


def test_what_cron_and_monitors_send_by_themselves_is_one() -> None:
    assert len(parse(b"Subject: PROBLEM: disk\nAuto-Submitted: auto-generated\n\nx").signals) == 1


def test_hops_are_counted_in_the_head_alone() -> None:
    assert hops(b"Received: a\r\nreceived: b\r\n\r\nReceived: c") == 2
    assert MOST_HOPS == 50


@pytest.mark.parametrize(
    ("subject", "about", "status", "severity"),
    [
        ("[FIRING:1] Disk full on db-1", "Disk full on db-1", "firing", "error"),
        ("Re: RESOLVED: Disk full on db-1", "Disk full on db-1", "resolved", "error"),
        ("Disk full on db-1 is OK", "Disk full on db-1", "resolved", "error"),
        ("CRITICAL: Disk full on db-1", "Disk full on db-1", "firing", "critical"),
        ("Fwd: AW: Warning - Disk full on db-1", "Disk full on db-1", "firing", "warning"),
        ("Backups open new doors", "Backups open new doors", "firing", "error"),
        ("OKRs are due", "OKRs are due", "firing", "error"),
    ],
)
def test_a_subject_says_what_began_and_what_is_over(subject: str, about: str, status: str, severity: str) -> None:
    said = read_subject(subject)
    assert (said.about, said.status) == (about, status)
    assert said.severity == severity or severity == "error"


@given(
    st.text(alphabet=st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=40).map(lambda t: f"x {t} y")
)
def test_the_words_of_a_state_never_change_what_it_is_about(about: str) -> None:
    fires, over = read_subject(f"[FIRING:2] {about}"), read_subject(f"Re: RESOLVED: {about}")
    assert key_of(fires.about) == key_of(over.about) == key_of(" ".join(about.split()))
    assert (fires.status, over.status) == ("firing", "resolved")


MAIL_LIKE = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [
                b"Subject: ", b"From: ", b"Content-Type: multipart/mixed; boundary=b\n", b"--b\n", b"--b--\n", b"\n\n",
                b"=?utf-8?b?", b"=?utf-8?q?=FF?=", b"Content-Transfer-Encoding: base64\n", b"\r\n", b"\x00",
                b"Content-Type: text/html; charset*=utf-8''%FF\n", b"Content-Type: message/rfc822\n",
                b"Content-Disposition: attachment; filename*0*=x\n", b"Content-Transfer-Encoding: uuencode\n",
            ]
        ),
    ),
    max_size=30,
).map(b"".join)  # fmt: skip


@given(MAIL_LIKE)
def test_no_message_breaks_a_parser(raw: bytes) -> None:
    for read in (parse, lambda body: parse_by(RULES, body)):
        with suppress(Unreadable):
            assert all(each.title and each.dedup_key for each in read(raw).signals)
    assert isinstance(show(raw), str)


@given(st.text(max_size=200).map(lambda subject: f"Subject: DOWN {' '.join(subject.split())}\n\nx".encode()))
def test_what_is_shown_of_a_message_reads_the_same(raw: bytes) -> None:
    shown = show(raw)
    if shown:
        assert parse(shown.encode()).signals[0].dedup_key == parse(raw).signals[0].dedup_key
