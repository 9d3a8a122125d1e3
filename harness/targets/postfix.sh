#!/usr/bin/env bash
# postfix.sh DIR BASEPORT - Debian's Postfix, as lab.sh describes.
TARGET=postfix
# The SASL packages give AUTH PLAIN and LOGIN against a password file.
PACKAGES=(postfix sasl2-bin libsasl2-modules)
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

add_user postfix 12010 /var/spool/postfix
add_user postdrop 12011 /nonexistent
# A Postfix that the host runs has mail in its queue: not ours to deliver.
fresh_dir /var/spool/postfix /var/lib/postfix
chown "$(id_of passwd postfix)" "$ROOT/var/lib/postfix"
# What the package's own installation script would do.
chgrp "$(id_of group postdrop)" "$ROOT"/usr/sbin/{postdrop,postqueue}
chmod 2755 "$ROOT"/usr/sbin/{postdrop,postqueue}

cat "$ROOT/usr/share/postfix/main.cf.debian" - >"$ROOT/etc/postfix/main.cf" <<CF

# No syslog here.
maillog_file = /var/log/postfix.log
maillog_file_prefixes = /var/log

myhostname = $HOST_NAME
mydestination = $LOCAL_DOMAIN, $HOST_NAME
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
# Stock trusts the loopback network and would relay anything for the harness.
mynetworks =
home_mailbox = Maildir/
alias_maps = inline:{ { postmaster = $ACCOUNT } }
alias_database =
relay_domains = $RELAY_DOMAIN
transport_maps = inline:{ { $RELAY_DOMAIN = smtp:[127.0.0.1]:$SINK } }
# Stock defers (454) what it does not relay, a safety net for sites that have
# just upgraded; a site that knows its domains rejects (554).
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination

smtpd_tls_chain_files = /etc/lab/tls.pem
smtpd_tls_security_level = may
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = /etc/postfix/sasl
# Lets both "$ACCOUNT" and "$ACCOUNT@$LOCAL_DOMAIN" log in.
smtpd_sasl_local_domain = $LOCAL_DOMAIN

# There is no DNS.
smtp_dns_support_level = disabled
smtpd_peername_lookup = no

# Pace.  Stock waits 1 s before the answer to an error ...
smtpd_error_sleep_time = 0
# ... and 1 s at RCPT once clients have abandoned some envelopes.
in_flow_delay = 0
# ... and starts no process for a minute when one dies in its first session, as smtpd does of a chunk behind one that was too big.
service_throttle_time = 1s
# Stock tries again after 5 minutes, and until then sends nothing more to a
# next hop that once did not answer: the harness may start its own later.
queue_run_delay = 10s
minimal_backoff_time = 10s

# Limits.  Stock slows down after 10 errors and hangs up after 20 ...
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
# ... counts an error for each NOOP, RSET or VRFY after the 100th ...
smtpd_junk_command_limit = 100000
# ... and takes 50 connections from one address.
smtpd_client_connection_count_limit = 0

${LAB_SETTINGS:-}
CF

# Stock, but for the addresses and the chroot, which wants a copy of /etc.
{
  sed '/^smtp  *inet /d' "$ROOT/usr/share/postfix/master.cf.dist"
  cat <<CF
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
} >"$ROOT/etc/postfix/master.cf"
in_root postconf -F '*/*/chroot=n'
# Every Postfix command waits until a file that was just written has settled.
touch -d '1 hour ago' "$ROOT"/etc/postfix/{main,master}.cf

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

touch "$DIR/postfix.log" "$ROOT/var/log/postfix.log"
mount --bind "$DIR/postfix.log" "$ROOT/var/log/postfix.log"
version=$(in_root postconf -h mail_version)
in_root postfix start || die "the server did not start, see the logs in $DIR"
lab_started "$(tr -d ' ' <"$ROOT/var/spool/postfix/pid/master.pid")"
lab_await
lab_profile "$version" "$DIR/postfix.log"
