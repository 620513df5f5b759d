#!/usr/bin/env bash
# Builds and starts the stack of docker-compose.yml, and waits until the broker serves.
# usage: scripts/stack_up.sh [ARGUMENTS FOR docker compose up]
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -z ${AA_ADMIN_SECRET:-} ]]; then
  # shellcheck disable=SC2016  # The user types this text as it is.
  echo 'AA_ADMIN_SECRET is not set. Set it first:  export AA_ADMIN_SECRET="$(openssl rand -hex 32)"' >&2
  exit 1
fi
if ! docker compose version >/dev/null 2>&1; then
  echo "Docker with its compose plugin is needed, and 'docker compose version' fails." >&2
  exit 1
fi

docker compose -f docker-compose.yml up --build --detach --wait "$@" || {
  echo "The broker did not start. The end of its log:" >&2
  docker compose -f docker-compose.yml logs --tail 20 broker >&2
  exit 1
}
echo "The broker serves on http://localhost:${AA_HOST_PORT:-8080}"
