#!/bin/sh
# Installs the Debian packages that tests need. Without root it says which line to run and goes on.
set -eu
missing=
for package in chromium libimage-exiftool-perl postgresql-15; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
# The tests start a database of their own; Debian's default one must not be made and started.
if [ "$(id -u)" = 0 ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  log=$(mktemp)
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing; } >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; exit 1; }
  rm -f "$log"
else
  echo "Some tests need Debian packages; run once: apt-get install$missing" >&2
fi
