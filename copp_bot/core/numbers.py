"""Item numbers that do not tell how many items there are: a keyed permutation of the serial numbers.

Serial numbers 1 to 9,000 become the numbers 1000 to 9999 in a secret order, the next 90,000 the five-digit
ones, and so on: a balanced Feistel network with cycle walking (Black and Rogaway, "Ciphers with Arbitrary
Finite Domains", 2002).
"""

import hashlib
import hmac

ROUNDS = 6


def number_of(serial: int, key: bytes) -> int:
    """The number of the ``serial``-th item (1 is the first); one to one for one key."""
    low, index = 1000, serial - 1
    while index >= 9 * low:
        index -= 9 * low
        low *= 10
    return low + _permuted(index, 9 * low, key)


def _permuted(index: int, size: int, key: bytes) -> int:
    half_bits = (size.bit_length() + 1) // 2
    value = index
    while True:
        value = _feistel(value, half_bits, key, size)
        if value < size:
            return value


def _feistel(value: int, half_bits: int, key: bytes, size: int) -> int:
    mask = (1 << half_bits) - 1
    left, right = value >> half_bits, value & mask
    for turn in range(ROUNDS):
        message = f"{size}:{turn}:{right}".encode()
        digest = int.from_bytes(hmac.digest(key, message, hashlib.sha256)[:8], "big")
        left, right = right, left ^ (digest & mask)
    return (left << half_bits) | right
