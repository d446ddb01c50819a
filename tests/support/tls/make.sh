#!/usr/bin/env bash
# Generates the test certificates in this folder: a private certificate authority, whose key is deleted, and a server
# certificate for `localhost`.
set -euo pipefail
cd "$(dirname "$0")"
key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
openssl req -x509 "${key[@]}" -days 36500 -subj "/CN=Tutti tests" -keyout ca.key -out ca.pem
openssl req "${key[@]}" -subj "/CN=localhost" -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 36500 -out server.pem \
  -extfile <(printf 'basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n')
rm -f ca.key ca.srl server.csr
