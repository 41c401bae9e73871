"""Commands of one OpenStack program, one after the other; its modules, which take seconds, are read only once.

usage: commands.py MODULE CONFIG WORD... [, WORD...]...   ends with the first status that is not 0
Run by the system's Python. Each command is a fork, so none sees what another one has set.
"""

import os
import sys
from importlib import import_module
from itertools import groupby


def run(main, words):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.argv[1:] = words
    sys.exit(main())


if __name__ == "__main__":
    module, config, *every = sys.argv[1:]
    main = import_module(module).main
    for comma, words in groupby(every, ",".__eq__):
        status = 0 if comma else run(main, ["--config-file", config, *words])
        if status:
            sys.exit(status)
