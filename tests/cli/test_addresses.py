"""Which hosts a rule on a program opens the sandbox for."""

import pytest

from kedge.cli.toolbox import is_address


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("pypi.org:443", False),
        ("pypi.org", False),
        ("1.pool.example:80", False),
        ("169.254.169.254:80", True),
        ("127.0.0.1", True),
        ("2130706433:80", True),
        ("0x7f.1:80", True),
        ("::1:443", True),
        ("fe80::1", True),
    ],
)
def test_a_number_is_no_name(target, number):
    assert is_address(target) == number
