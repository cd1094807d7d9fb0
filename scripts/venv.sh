#!/bin/sh
# Makes .venv with uv in it, or says in one line what is missing.
set -eu
python=$(command -v python3.13 || command -v python3.12 || command -v python3.11 || command -v python3 || true)
[ -n "$python" ] || { echo "Python 3.11 or newer is needed. On Debian: apt-get install python3 python3-venv" >&2; exit 1; }
# A version manager's shim may exist for a version that is not installed; the plain name then decides.
"$python" -c '' 2>/dev/null || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "Python 3.11 or newer is needed; $python is $("$python" --version)." >&2; exit 1; }
"$python" -m venv .venv 2>/dev/null || {
  rm -rf .venv
  echo "Python's venv module is missing. On Debian: apt-get install python3-venv" >&2
  exit 1
}
log=$(mktemp)
.venv/bin/python -m pip install -q uv >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
rm -f "$log"
