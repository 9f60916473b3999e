#!/bin/sh
# Checks the shell scripts of the project with shellcheck.
set -u

cd "$(dirname "$0")/.." || exit 1

find examples tests .ci -type f \( -name '*.sh' -o -path '.ci/*' \) -exec \
  shellcheck --external-sources --source-path=SCRIPTDIR {} +
