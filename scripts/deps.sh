#!/usr/bin/env bash
# Installs what the tests need and this machine lacks. It is quick when all is there. It exits
# with 3 where only root could go on.
set -euo pipefail
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
missing=()
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing+=("$2"); }
# dovecot alone may be the core without IMAP.
[ -x /usr/lib/dovecot/imap ] || missing+=(dovecot-imapd)
need postfix postfix
need chromium chromium
need mbsync isync
need strace strace
need fusermount3 fuse3
need ip iproute2
need npm npm
/usr/bin/python3 -c 'import dkim' 2>/dev/null || missing+=(python3-dkim)
if [ ${#missing[@]} -gt 0 ]; then
  if [ -n "$sudo" ] && ! $sudo true 2>/dev/null; then
    echo "missing, and only root can install them: ${missing[*]}"
    exit 3
  fi
  echo "installing: ${missing[*]}"
  # Services must not start by themselves: the tests start their own, on loopback, with private configuration.
  # A policy that the machine has already is left as it is.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap '$sudo rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | $sudo tee /usr/sbin/policy-rc.d >/dev/null
    $sudo chmod +x /usr/sbin/policy-rc.d
  fi
  $sudo apt-get update -q
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" ||
    { echo "these packages could not be installed: ${missing[*]}"; exit 1; }
fi
# axe-core looks at the pages' accessibility: pinned by version and hash, in a folder that git ignores.
axe="axe-core-$AXE_VERSION.tgz"
sum="5e6edba515e70d25f6604d9815f064d859c5d1ea7ab661bbc4f87c88779ef0c21cae0abbeb636471ef39e9d62d2582e4b88a1866f19f4ecfcf6d986275e4dc12"
mkdir -p .tools
if [ ! -f .tools/axe-core/axe.min.js ]; then
  (cd .tools && npm pack --silent "axe-core@$AXE_VERSION" >/dev/null && echo "$sum  $axe" | sha512sum -c --quiet - && tar xzf "$axe" && rm -rf axe-core && mv package axe-core && rm -f "$axe")
fi
# caniemail says which mail readers know which HTML and CSS: only its data is wanted, pinned the same way.
cie="caniemail-2.0.2.tgz"
sum="96f867e11ac5d807b73d00371cc3951b114fa8f0317eff075a9fb1512a893ee99bcc5533406560146d2797cb34b234a805dd8f82602a079c51174c1c3dbad570"
if [ ! -f .tools/caniemail/data/caniemail.json ]; then
  (cd .tools && npm pack --silent "caniemail@2.0.2" >/dev/null && echo "$sum  $cie" | sha512sum -c --quiet - && tar xzf "$cie" && rm -rf caniemail && mv package caniemail && rm -f "$cie")
fi
