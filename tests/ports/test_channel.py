"""What a channel's author reads of a request."""

from __future__ import annotations

import attrs
import pytest

from crmkit.ports.channel import Request


@pytest.mark.parametrize("written", ["X-Signature", "x-signature", "X-SIGNATURE"])
def test_headers_are_found_in_any_case(written: str) -> None:
    """Hosts write the names as they like."""
    request = Request(body=b"", headers={written: "good"})
    assert request.headers["X-Signature"] == request.headers.get("x-signature") == "good"
    assert "X-signature" in request.headers
    assert request == Request(body=b"", headers={"x-Signature": "good"})
    assert dict(attrs.evolve(request, headers={}).headers) == {}
