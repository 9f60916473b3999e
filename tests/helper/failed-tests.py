#!/usr/bin/env python3
# Prints the last words of each test that failed: failed-tests.py TESTLOG.json
#
# Who reads the end of a long log sees there why it failed.
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import sys

LINES = 40
GOOD = ("OK", "EXPECTEDFAIL", "SKIP")


def last_words(test):
    text = test.get("stdout", "") + "\n" + test.get("stderr", "")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-LINES:]


with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
    for line in log:
        test = json.loads(line)
        if test["result"] not in GOOD:
            print(f"\n-- {test['name']}: {test['result']}"
                  f" after {test['duration']:.0f} s", *last_words(test),
                  sep="\n")
