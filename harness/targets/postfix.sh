#!/usr/bin/env bash
# postfix.sh DIR BASEPORT - Debian's Postfix, as lab.sh describes.
TARGET=postfix
# The SASL packages give AUTH PLAIN and LOGIN against a password file.
PACKAGES=(postfix sasl2-bin libsasl2-modules)
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

postfix_settings <<CF
# Stock trusts the loopback network and would relay anything for the harness.
mynetworks =
relay_domains = $RELAY_DOMAIN
# Stock defers (454) what it does not relay, a safety net for sites that have
# just upgraded; a site that knows its domains rejects (554).
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination

smtpd_tls_chain_files = /etc/lab/tls.pem
smtpd_tls_security_level = may
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = /etc/postfix/sasl
# Lets both "$ACCOUNT" and "$ACCOUNT@$LOCAL_DOMAIN" log in.
smtpd_sasl_local_domain = $LOCAL_DOMAIN

# Pace, beside that of every Postfix of the lab.  Stock tries again after 5
# minutes, and until then sends nothing more to a next hop that once did not
# answer: the harness may start its own later.
queue_run_delay = 10s
minimal_backoff_time = 10s

# Limits.  Stock slows down after 10 errors and hangs up after 20 ...
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
# ... counts an error for each NOOP, RSET or VRFY after the 100th ...
smtpd_junk_command_limit = 100000

${LAB_SETTINGS:-}
CF

postfix_services <<CF
127.0.0.1:$BASE inet n - n - - smtpd
127.0.0.1:$((BASE + 1)) inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_auth_only=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:$((BASE + 2)) inet n - n - - smtpd
  -o syslog_name=postfix/submissions
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
CF

mkdir -p "$ROOT/etc/postfix/sasl"
cat >"$ROOT/etc/postfix/sasl/smtpd.conf" <<CF
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN
sasldb_path: /etc/postfix/sasldb2
CF
in_root saslpasswd2 -p -c -f /etc/postfix/sasldb2 -u "$LOCAL_DOMAIN" "$ACCOUNT" <"$DIR/password"
chgrp "$(id_of group postfix)" "$ROOT/etc/postfix/sasldb2"
chmod 640 "$ROOT/etc/postfix/sasldb2"

version=$(in_root postconf -h mail_version)
postfix_started
lab_await
lab_profile "$version" "$DIR/postfix.log"
