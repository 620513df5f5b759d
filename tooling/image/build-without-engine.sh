#!/usr/bin/env bash
# Builds docker/Dockerfile where no container engine runs and no image registry is reached: with buildah, in a chroot, on a base of
# Debian's packages and the Node of the lockfile in the place of the pinned ones. Then runs the image's tests on what came out.
# Needs root, buildah and debootstrap.  usage: tooling/image/build-without-engine.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
scratch=$(mktemp -d)
containers=()
finish() {
  for container in "${containers[@]}"; do buildah rm "$container" >/dev/null || true; done
  rm -rf "$scratch"
}
trap finish EXIT

base=$scratch/base
debootstrap --variant=minbase --include=ca-certificates,libstdc++6 bookworm "$base" >"$scratch/log" 2>&1 ||
  { tail -20 "$scratch/log" >&2; exit 1; }
cp -L node_modules/node/bin/node "$base/usr/local/bin/node"
npm=$(dirname "$(readlink -f "$(command -v npm)")")/..
mkdir -p "$base/usr/local/lib/node_modules"
cp -r "$npm" "$base/usr/local/lib/node_modules/npm"
for program in npm npx; do
  printf '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/%s-cli.js "$@"\n' "$program" >"$base/usr/local/bin/$program"
  chmod 755 "$base/usr/local/bin/$program"
done
# What this machine's npm trusts and is set to, so that it finds its registry from within; the image is thrown away.
cp /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs/ca-certificates.crt"
if [[ -e /etc/npmrc ]]; then cp /etc/npmrc "$base/root/.npmrc"; fi
# Where Alpine has them.
for library in libstdc++.so.6 libgcc_s.so.1; do cp -L "$base"/usr/lib/*/"$library" "$base/usr/lib/"; done

container=$(buildah from scratch)
containers+=("$container")
buildah add -q "$container" "$base" / >/dev/null
buildah commit -q "$container" localhost/agentwrit-base >/dev/null
architecture=$(dpkg --print-architecture)
buildah bud -q -f docker/Dockerfile --format docker --build-arg BUILDER=localhost/agentwrit-base \
  --build-arg NODE=localhost/agentwrit-base --build-arg RUNTIME=localhost/agentwrit-base --build-arg LIBC=glibc \
  --build-arg TARGETARCH="$architecture" -t localhost/agentwrit . >"$scratch/log" 2>&1 ||
  { tail -40 "$scratch/log" >&2; exit 1; }

container=$(buildah from localhost/agentwrit)
containers+=("$container")
tree=$(buildah mount "$container")
buildah inspect --type image localhost/agentwrit >"$scratch/image.json"
echo "built: $(du -sm "$tree/app" | cut -f1) MB of programs, $(du -m "$tree/usr/local/bin/node" | cut -f1) MB of Node"
IMAGE_TREE=$tree IMAGE_CONFIG=$scratch/image.json npx --yes pnpm@12 vitest run --project @agentwrit/e2e test/ship/image.test.ts
