#!/usr/bin/env bash
# Unpacks and sets up the packages: install.sh DIR. Python is compiled once at the end, instead of by each package; nobody's data is written, so nothing is waited for.
set -euo pipefail
packages=$(paste -sd, "$(dirname "$0")/packages")
here=http://deb.debian.org
exec mmdebstrap --quiet --variant=minbase --mode=root --include="$packages" --aptopt='APT::Install-Recommends "0"' --dpkgopt=force-unsafe-io \
  --dpkgopt=path-exclude='/usr/share/doc/*' --dpkgopt=path-exclude='/usr/share/man/*' --dpkgopt=path-exclude='/usr/share/locale/*' \
  --essential-hook='for tool in py3compile pycompile; do chroot "$1" dpkg-divert --quiet --local --rename --add "/usr/bin/$tool"; ln -s /bin/true "$1/usr/bin/$tool"; done' \
  --customize-hook='chroot "$1" python3 -m compileall -q -x /tests/ /usr/lib/python3/dist-packages >/dev/null 2>&1 || true' \
  bookworm "$1" "deb $here/debian bookworm main" "deb $here/debian-security bookworm-security main"
