"""The order of an epoch: a 4-round Feistel network, walking the cycle until the value is a row."""

WORD = 2**64 - 1


def mix(x):
    """The finaliser of splitmix64."""
    x &= WORD
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & WORD
    return x ^ (x >> 31)


def half_width(n):
    """The smallest k >= 1 with 2^(2k) >= n."""
    k = 1
    while 4**k < n:
        k += 1
    return k


def permute(i, n, seed, epoch):
    """The row that stands at place i of the epoch."""
    k = half_width(n)
    keys = [mix(seed + 0x9E3779B97F4A7C15 * (epoch * 4 + j + 1)) for j in range(4)]
    value = i
    while True:
        left, right = value >> k, value & (2**k - 1)
        for key in keys:
            left, right = right, left ^ (mix(right + key) & (2**k - 1))
        value = (left << k) | right
        if value < n:
            return value


def permutation(n, seed, epoch):
    return [permute(i, n, seed, epoch) for i in range(n)]
