#!/usr/bin/env bash
# maildev.sh DIR BASEPORT - MailDev, a catch-all for developers, as lab.sh describes. A process has one port.
TARGET=maildev
# It takes mail for anybody, keeps all of it in one folder, and relays none by itself. With a login it switches STARTTLS off.
# shellcheck disable=SC2034 # for lab.sh
NPM=maildev@3.0.0 ROLES=(relay submissions) WITHOUT='unknown-recipient relayed-recipient denied-recipient'
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

lab_application maildev 12090
login=(--incoming-user "$ACCOUNT" --incoming-pass "$(cat "$DIR/password")")
tls=(--incoming-cert /etc/lab/tls.pem --incoming-key /etc/lab/tls.pem)
start() { # OFFSET ARGUMENT...
  local offset=$1
  shift
  # Stock takes 52 MB, more than the harness sends to find a limit.
  spawn "$DIR/maildev.log" maildev "$NODE" /opt/lab/node_modules/maildev/dist/bin/maildev.js --ip 127.0.0.1 --smtp $((BASE + offset)) \
    --disable-web --max-message-size 10240000 --mail-directory /srv/mail/alice/Maildir/new "$@"
  lab_started "$PID"
}
start 0 "${tls[@]}"
start 2 "${tls[@]}" "${login[@]}" --incoming-secure
lab_await
lab_profile "$(npm_version maildev)" "$DIR/maildev.log"
