"""What Python applications call: every jail has a launcher of its own, started by exec.

So an application with threads never forks a jail, and none of its descriptors, signals or memory come near one.
"""
