#!/usr/bin/env bash
# Runs every test. Some start system servers and need root: as another user they run through
# sudo where it asks for no password; else they are named, and the run fails.
set -euo pipefail
status=0
bash "$(dirname "$0")/deps.sh" || status=$?
# 3: packages are missing that only root can install. What can run without them still does.
[ $status = 0 ] || [ $status = 3 ] || exit $status
list=$(mktemp)
trap 'rm -f "$list"' EXIT
run=(go test -timeout 14m -p 2 ./...)
if [ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null; then
  # Modules are fetched as the user, and root builds in a cache of its own: files of root's in
  # the user's caches would break the next build.
  go mod download
  exec sudo -n env "PATH=$PATH" "HOME=$HOME" "GOFLAGS=${GOFLAGS:-}" \
    "GOCACHE=$(go env GOCACHE)-root" "GOMODCACHE=$(go env GOMODCACHE)" "${run[@]}"
fi
[ "$(id -u)" = 0 ] || echo "not root and no sudo without a password: the tests that start system servers are left out, and named at the end"
[ $status = 0 ] || echo "the tests that need those packages will fail"
NEEDS_ROOT=$list "${run[@]}" || status=$?
if [ -s "$list" ]; then
  sort -o "$list" "$list"
  echo "not run, needs root: $(wc -l <"$list")"
  cat "$list"
  exit 1
fi
exit $status
