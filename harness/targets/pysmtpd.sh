#!/usr/bin/env bash
# pysmtpd.sh DIR BASEPORT - the smtpd module of Debian's Python with the recipients of pysmtpd_server.py, as lab.sh
# describes. The module knows neither TLS nor AUTH, and Python has none from 3.12 on.
TARGET=pysmtpd
PACKAGES=(python3)
# It does one thing at a time and lets 5 connections wait to be accepted, as opensmtpd.sh says.
# shellcheck disable=SC2034 # for lab.sh
ROLES=(relay) WITHOUT='account tls' CONNECTIONS=4
# It never answers data whose first line is the dot, and the case waits the ten minutes that a client should.
# shellcheck disable=SC2034
CASES='--skip rfc5321/data/empty'
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

lab_application pysmtpd 12060 pysmtpd_server.py mailboxes.py

version=$(in_root /usr/bin/python3 -W ignore -c 'import platform, smtpd; print(platform.python_version())') ||
  die "this Python has no smtpd module any more (3.12 took it out)"
spawn "$DIR/pysmtpd.log" pysmtpd /usr/bin/python3 -W ignore -B /etc/lab/pysmtpd_server.py
lab_started "$PID"
lab_await
lab_profile "$version" "$DIR/pysmtpd.log"
