#!/bin/sh
# Installs the Debian packages that tests need. Without root it says which line to run and goes on.
set -eu
missing=
for package in libimage-exiftool-perl; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  log=$(mktemp)
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing; } >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; exit 1; }
  rm -f "$log"
else
  echo "Some tests need Debian packages; run once: apt-get install$missing" >&2
fi
