"""Sum the second column of a CSV file by its first with pandas, as CSV.

jailpy run -p numeric --python VENV/bin/python --read data.csv examples/sum_by_group.py data.csv
"""

import sys

import pandas as pd


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: sum_by_group.py FILE", file=sys.stderr)
        return 2
    try:
        table = pd.read_csv(sys.argv[1])
        group, value = table.columns[:2]
        sums = table.groupby(group)[value].sum()
    except (OSError, ValueError, TypeError) as error:  # what pandas cannot read is a ValueError
        print(f"{sys.argv[1]}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return 1
    sums.to_csv(sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
