"""Fit a plane to noisy points with numpy, check it with scipy, and find a rhythm by FFT.

jailpy run -p numeric --python VENV/bin/python examples/least_squares.py
"""

import os

import numpy as np
from scipy import linalg, optimize, sparse
from scipy.sparse.linalg import spsolve


def fitted(points: int) -> bool:
    """BLAS spreads these products over every processor."""
    random = np.random.default_rng(7)
    design = random.standard_normal((points, 60))
    truth = np.arange(60.0)
    measured = design @ truth + random.normal(scale=1e-3, size=points)
    by_numpy, *_ = np.linalg.lstsq(design, measured, rcond=None)
    by_scipy = linalg.solve(design.T @ design, design.T @ measured, assume_a="pos")
    return bool(np.allclose(by_numpy, by_scipy) and np.allclose(by_numpy, truth, atol=1e-2))


def rhythm() -> int:
    """How often a sine swings, from its spectrum."""
    time = np.linspace(0, 1, 4096, endpoint=False)
    return int(np.abs(np.fft.rfft(np.sin(2 * np.pi * 40 * time))).argmax())


def kept_in_a_file() -> int:
    """An array in a file of the working folder, of which only what is touched is in memory."""
    array = np.memmap("array.dat", dtype="f8", mode="w+", shape=(20_000_000,))
    array[::10_000] = 1
    array.flush()
    total = int(np.memmap("array.dat", dtype="f8", mode="r")[::10_000].sum())
    os.unlink("array.dat")
    return total


def main() -> None:
    print("fit:", fitted(20_000))
    print("rhythm:", rhythm())
    print("file:", kept_in_a_file())
    print("root of 2:", round(optimize.brentq(lambda x: x * x - 2, 0, 2), 6))
    print("sparse:", spsolve(sparse.eye(50, format="csc") * 2, np.ones(50)).sum())


if __name__ == "__main__":
    main()
