#!/usr/bin/env bash
# msmtpd.sh DIR BASEPORT - Debian's msmtpd, which hands each message to a command (msmtpd_deliver), as lab.sh describes. It
# knows no TLS; AUTH, which it can ask for, is of no use to a harness that logs in under TLS.
TARGET=msmtpd
PACKAGES=(msmtp-mta python3)
# It takes every recipient, and 16 connections at once; who comes then waits long.
# shellcheck disable=SC2034 # for lab.sh
ROLES=(relay) WITHOUT='account tls unknown-recipient denied-recipient' CONNECTIONS=3
# It hangs up behind whatever it does not expect, NOOP among it, and most of the suite says just that.
# shellcheck disable=SC2034
CASES="rfc5321/scenarios rfc5321/order rfc5321/session"
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

lab_application msmtpd 12110 msmtpd_deliver mailboxes.py
chmod 755 "$ROOT/etc/lab/msmtpd_deliver"
version=$(in_root msmtpd --version | awk 'NR == 1 {print $NF}')
spawn "$DIR/msmtpd.log" msmtpd /usr/bin/msmtpd --interface=127.0.0.1 --port="$BASE" --log=/dev/stderr --command='/etc/lab/msmtpd_deliver %F --'
lab_started "$PID"
lab_await
lab_profile "$version" "$DIR/msmtpd.log"
