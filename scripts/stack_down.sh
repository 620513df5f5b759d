#!/usr/bin/env bash
# Stops the stack of docker-compose.yml. Its volume, with the keys and the database, stays; --volumes removes it as well.
# usage: scripts/stack_down.sh [--volumes]
set -euo pipefail
cd "$(dirname "$0")/.."

docker compose -f docker-compose.yml down "$@"
