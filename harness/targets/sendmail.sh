#!/usr/bin/env bash
# sendmail.sh DIR BASEPORT - Debian's Sendmail, as lab.sh describes.
TARGET=sendmail
# The SASL packages give AUTH PLAIN and LOGIN against a password file; Python reads the log.
PACKAGES=(sendmail-bin sendmail-base sendmail-cf sasl2-bin libsasl2-modules python3)
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

add_user smmta 12050 /var/lib/sendmail
add_user smmsp 12051 /var/lib/sendmail
# A Sendmail that the host runs has mail in its queue: not ours to deliver.
fresh_dir /var/spool/mqueue /var/lib/sendmail /run/sendmail
chmod 700 "$ROOT/var/spool/mqueue"
mkdir "$ROOT/run/sendmail/mta" "$ROOT/var/lib/sendmail/host_status"
install -m 644 "$DIR/cert.pem" "$ROOT/etc/lab/cert.pem"

# Sendmail knows no Maildir.
cat >"$ROOT/etc/lab/deliver" <<'SH'
#!/bin/sh
box=/srv/mail/$1/Maildir
file=$(mktemp "$box/tmp/XXXXXXXX") && cat >"$file" && chown "$1:" "$file" && mv "$file" "$box/new/"
SH
chmod 755 "$ROOT/etc/lab/deliver"

# What Debian's sendmail.mc reads last.
cat >"$ROOT/etc/lab/own.m4" <<M4
define(\`confDOMAIN_NAME', \`$HOST_NAME')dnl
define(\`ALIAS_FILE', \`/etc/mail/aliases')dnl
define(\`LOCAL_MAILER_PATH', \`/etc/lab/deliver')dnl
define(\`LOCAL_MAILER_ARGS', \`deliver \$u')dnl
FEATURE(\`mailertable')dnl
define(\`ESMTP_MAILER_ARGS', \`TCP \$h $SINK')dnl
define(\`confSERVER_CERT', \`/etc/lab/cert.pem')dnl
define(\`confSERVER_KEY', \`/etc/lab/tls.pem')dnl
define(\`confCACERT', \`/etc/lab/cert.pem')dnl
define(\`confCACERT_PATH', \`/etc/lab')dnl
define(\`confAUTH_MECHANISMS', \`PLAIN LOGIN')dnl
define(\`confAUTH_OPTIONS', \`A p')dnl
define(\`confAUTH_REALM', \`$LOCAL_DOMAIN')dnl
TRUST_AUTH_MECH(\`PLAIN LOGIN')dnl
dnl Stock lets 10 connections wait to be accepted; a 11th is not answered at all.
DAEMON_OPTIONS(\`Name=relay, Addr=127.0.0.1, Port=$BASE, M=A, L=128')dnl
DAEMON_OPTIONS(\`Name=submission, Addr=127.0.0.1, Port=$((BASE + 1)), M=Ea, L=128')dnl
DAEMON_OPTIONS(\`Name=submissions, Addr=127.0.0.1, Port=$((BASE + 2)), M=Eas, L=128')dnl
dnl There is no DNS.
define(\`confSERVICE_SWITCH_FILE', \`/etc/mail/service.switch-nodns')dnl
define(\`confTO_IDENT', \`0')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
dnl Pace.  The harness may start its own next hop later.
define(\`confMIN_QUEUE_AGE', \`10s')dnl
dnl Limits.  Stock names none, and the harness sends 12 MB to find one ...
define(\`confMAX_MESSAGE_SIZE', \`10240000')dnl
dnl ... and queues or refuses mail when the machine is busy.
define(\`confQUEUE_LA', \`1000')dnl
define(\`confREFUSE_LA', \`1000')dnl
define(\`confDELAY_LA', \`1000')dnl
M4
# Stock but for its ports, its limits of connections, a pause of 1 s before the greeting and one behind each wrong recipient.
sed -e '/^DAEMON_OPTIONS/d' -e '/^define(`confCONNECTION_RATE_/d' -e '/^FEATURE(`\(greet_pause\|conncontrol\|ratecontrol\)/d' \
  -e '/^define(`confBAD_RCPT_THROTTLE/d' -e 's/^MAILER_DEFINITIONS/include(`\/etc\/lab\/own.m4'"'"')dnl\n&/' \
  "$ROOT/usr/share/sendmail/cf/debian/sendmail.mc" >"$ROOT/etc/mail/sendmail.mc"
for file in m4/dialup.m4 m4/provider.m4 access; do : >"$ROOT/etc/mail/$file"; done
printf '%s\n' "$LOCAL_DOMAIN" "$HOST_NAME" >"$ROOT/etc/mail/local-host-names"
echo "$RELAY_DOMAIN" >"$ROOT/etc/mail/relay-domains"
echo "$RELAY_DOMAIN esmtp:[127.0.0.1]" >"$ROOT/etc/mail/mailertable"
echo "postmaster: $ACCOUNT" >"$ROOT/etc/mail/aliases"
in_root sh -e <<SH
m4 /etc/mail/sendmail.mc >/etc/mail/sendmail.cf
for map in access mailertable; do /usr/libexec/sendmail/makemap hash /etc/mail/\$map </etc/mail/\$map; done
/usr/libexec/sendmail/sendmail -bi
SH
# Stock trusts the loopback network and would relay anything for the harness.
sed -i -E '/^SRelay_ok/,/^S[A-Z]/{/^R(127\.0\.0\.1|IPv6:)[^R]*\$@ RELAY/d;/^R.*\$=w.*\$@ RELAY/d}' "$ROOT/etc/mail/sendmail.cf"

# Where the SASL library looks when nobody tells it.
rm -f "$ROOT/etc/sasldb2"
in_root saslpasswd2 -p -c -f /etc/sasldb2 -u "$LOCAL_DOMAIN" "$ACCOUNT" <"$DIR/password"
chmod 600 "$ROOT/etc/sasldb2"

# Sendmail knows no log but syslog's.
syslog "$DIR/sendmail.log"
version=$(in_root /usr/libexec/sendmail/sendmail -d0.1 -bv root | awk 'NR == 1 {print $NF}')
spawn "$DIR/start.log" root /usr/libexec/sendmail/sendmail -bD -q10s
lab_started "$PID"
lab_await
lab_profile "$version" "$DIR/sendmail.log"
