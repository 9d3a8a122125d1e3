#!/usr/bin/env bash
# smtp-server.sh DIR BASEPORT - Nodemailer's smtp-server with the application in smtp-server_server.js, as lab.sh describes.
TARGET=smtp-server
# shellcheck disable=SC2034 # for lab.sh
NPM=smtp-server@3.21.6
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

lab_application smtp-server 12070 smtp-server_server.js mailboxes.js
spawn "$DIR/smtp-server.log" smtp-server "$NODE" /etc/lab/smtp-server_server.js
lab_started "$PID"
lab_await
lab_profile "$(npm_version smtp-server)" "$DIR/smtp-server.log"
