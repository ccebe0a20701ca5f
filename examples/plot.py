"""Draw the numbers on standard input with matplotlib; standard output is a PNG.

seq 9 | jailpy run -p numeric --python VENV/bin/python examples/plot.py > plot.png
"""

import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def main() -> int:
    try:
        numbers = [float(line) for line in sys.stdin]
    except ValueError as error:
        print(f"plot.py: {error}", file=sys.stderr)
        return 1
    figure, axes = pyplot.subplots(figsize=(4, 3), dpi=100)
    axes.plot(numbers)
    axes.set_title(r"$\sum_i x_i$ · ünïcödé")
    figure.savefig(sys.stdout.buffer, format="png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
