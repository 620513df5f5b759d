#!/usr/bin/env bash
# Makes a test CA, a broker certificate for localhost and a client certificate (EC P-256). Only for development and tests.
# usage: scripts/gen_test_certs.sh [FOLDER]   (default /tmp/agentwrit-certs)
set -euo pipefail

folder=${1:-/tmp/agentwrit-certs}
days=30
# The image's user, who reads these files in the compose overlays. Only root can chown files to it.
image_user=1000
umask 077
# /tmp is shared: another user's folder would give them the keys, and their link would make root write elsewhere.
if [[ -L $folder || (-e $folder && ! -O $folder) ]]; then
  echo "$folder is a link or belongs to another user: remove it, or name another folder as $0 FOLDER" >&2
  exit 1
fi
mkdir -p "$folder"
cd "$folder"

new_key() {
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

# sign NAME SUBJECT EXTENSIONS: makes a key and a certificate signed by the test CA
sign() {
  new_key "$1-key.pem"
  openssl req -new -key "$1-key.pem" -subj "$2" |
    openssl x509 -req -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days "$days" -extfile <(printf '%s\n' "$3") -out "$1.pem" 2>/dev/null
}

new_key ca-key.pem
openssl req -x509 -new -key ca-key.pem -subj "/CN=AgentWrit test CA" -days "$days" \
  -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" -out ca.pem
sign broker "/CN=localhost" "subjectAltName=DNS:localhost,IP:127.0.0.1
extendedKeyUsage=serverAuth"
sign client "/CN=agentwrit-test-client" "extendedKeyUsage=clientAuth"
rm -f ca.srl

# The image's user must read the two keys. As root, chown them to it; otherwise everyone on this machine can read them, which is
# acceptable for test keys only. The CA's key stays private.
chmod 755 "$folder"
chmod 644 ca.pem broker.pem client.pem
if [[ $(id -u) == 0 ]]; then
  chown "$image_user" broker-key.pem client-key.pem
elif [[ $(id -u) != "$image_user" ]]; then
  chmod 644 broker-key.pem client-key.pem
fi

echo "Test certificates are in $folder: ca.pem broker.pem broker-key.pem client.pem client-key.pem"
