#!/usr/bin/env bash
# Stops the stack of docker-compose.yml. --volumes also deletes the volume with the keys and the database.
# usage: scripts/stack_down.sh [--volumes]
set -euo pipefail
cd "$(dirname "$0")/.."

docker compose -f docker-compose.yml down "$@"
