"""Sum the second column of a CSV file by its first with pandas, as CSV.

jailpy run -p numeric --python VENV/bin/python --read data.csv examples/sum_by_group.py data.csv
"""

import sys

import pandas as pd


def main() -> None:
    table = pd.read_csv(sys.argv[1])
    group, value = table.columns[:2]
    table.groupby(group)[value].sum().to_csv(sys.stdout)


if __name__ == "__main__":
    main()
