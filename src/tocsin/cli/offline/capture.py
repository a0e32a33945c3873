"""The bounded memory of a command's output: its head and its tail, however much there was. Pure."""

from dataclasses import dataclass, field

LIMIT = 64 * 1024
_EDGE = 4 * 1024


@dataclass
class BoundedOutput:
    """Keeps the first and the last half of `limit` bytes of what was written, and counts the rest."""

    limit: int = LIMIT
    total: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.total += len(chunk)
        half = self.limit // 2
        room = half - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk
        if len(self._tail) > 2 * half + _EDGE:
            del self._tail[:-half]

    @property
    def truncated(self) -> bool:
        """Whether something in the middle is missing."""
        return self.total > self.limit

    def text(self) -> str:
        """What is kept, as text; a cut is made between words and named, so that no half of a secret escapes the masking."""
        head, tail = bytes(self._head), bytes(self._tail)
        if not self.truncated:
            return (head + tail).decode("utf-8", "replace")
        head = _drop_last_word(head)
        tail = _drop_first_word(tail[-(self.limit // 2) :])
        left_out = self.total - len(head) - len(tail)
        return f"{head.decode('utf-8', 'replace')}\n[… {left_out} bytes left out …]\n{tail.decode('utf-8', 'replace')}"


def _drop_last_word(head: bytes) -> bytes:
    cut = max(head.rfind(b"\n", -_EDGE), head.rfind(b" ", -_EDGE) if head.rfind(b"\n", -_EDGE) < 0 else -1)
    return head[:cut] if cut >= 0 else head[:-_EDGE]


def _drop_first_word(tail: bytes) -> bytes:
    cut = tail.find(b"\n", 0, _EDGE)
    if cut < 0:
        cut = tail.find(b" ", 0, _EDGE)
    return tail[cut + 1 :] if cut >= 0 else tail[_EDGE:]
