#!/usr/bin/env bash
# Starts an image as the operator guide hardens it, and looks whether it serves, backs itself up and stops.
# usage: tooling/image/try-image.sh IMAGE [PLATFORM]   (such as linux/arm64; default this machine's)
set -euo pipefail

image=$1
platform=(${2:+--platform "$2"})
AA_ADMIN_SECRET=$(openssl rand -hex 32)
export AA_ADMIN_SECRET
container=$(docker run --detach "${platform[@]}" --read-only --cap-drop ALL --security-opt no-new-privileges \
  --env AA_ADMIN_SECRET --env AA_BIND_ADDRESS=0.0.0.0 "$image")
trap 'docker rm --force --volumes "$container" >/dev/null' EXIT

# An emulated processor is slow.
for attempt in {1..60}; do
  if docker exec "$container" /healthcheck; then break; fi
  if [[ $attempt == 60 ]]; then
    docker logs "$container" >&2
    exit 1
  fi
  sleep 1
done
docker exec "$container" awrit --version
docker exec "$container" awrit health
docker exec --env AACTL_ADMIN_SECRET="$AA_ADMIN_SECRET" "$container" awrit audit verify
docker exec "$container" awrit backup --db /data/data.db --to /data/backup.db
docker stop -t 15 "$container" >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' "$container")
[[ $code == 0 ]] || { echo "the broker ended with $code" >&2; exit 1; }
