#!/usr/bin/env bash
# courier.sh DIR BASEPORT - Debian's Courier, as lab.sh describes.
TARGET=courier
# Python reads the log.
PACKAGES=(courier-mta courier-base courier-authlib-userdb python3)
# Its module for the next hop asks the DNS even for an address, so that nothing is relayed here.
# shellcheck disable=SC2034 # for lab.sh
WITHOUT=relayed-recipient
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

add_user courier 12120 /var/lib/courier
# A Courier that the host runs has mail in its queue: not ours to deliver.
fresh_dir /var/lib/courier
mkdir -p "$ROOT/run/courier/authdaemon" "$ROOT"/var/lib/courier/{allfilters,filters,msgq,msgs,track,tmp}
lib=$ROOT/usr/lib/courier
# What the package's own installation script would do.
owner=$(id_of passwd courier):$(id_of group courier)
chown -R "$owner" "$ROOT/run/courier" "$ROOT/var/lib/courier"
chown "$owner" "$lib"/courier/submit{,mkdir} "$ROOT"/usr/bin/{mailq,cancelmsg}
chgrp "$(id_of group courier)" "$ROOT/usr/sbin/sendmail"
chmod 4755 "$lib/courier/submitmkdir"
chmod 6755 "$ROOT/usr/bin/cancelmsg"
chmod 2755 "$ROOT/usr/bin/mailq" "$ROOT/usr/sbin/sendmail"
chmod 770 "$ROOT/var/lib/courier/tmp"
chmod 750 "$ROOT/run/courier/authdaemon"
[[ -e $ROOT/usr/bin/makedat ]] || ln -s ../lib/courier/makedat "$ROOT/usr/bin/makedat"

cd "$ROOT/etc/courier"
echo "$HOST_NAME" >me
printf '%s\n' "$LOCAL_DOMAIN" "$HOST_NAME" >locals
echo "$LOCAL_DOMAIN" >defaultdomain
echo "postmaster@$LOCAL_DOMAIN" >dsnfrom
printf '%s\n' "$LOCAL_DOMAIN" "$HOST_NAME" "$RELAY_DOMAIN" >esmtpacceptmailfor
echo "$RELAY_DOMAIN:[127.0.0.1],$SINK" >esmtproutes
echo "postmaster: $ACCOUNT@$LOCAL_DOMAIN" >aliases/system
# Stock has no limit.
echo 10240000 >sizelimit
# Stock trusts the loopback network and would relay anything for the harness.
: >smtpaccess/default
cat "$ROOT/etc/lab/tls.pem" >esmtpd.pem
chmod 640 esmtpd.pem
openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out dhparams.pem
# Limits and pace.  Stock takes 5 connections from one address, 40 in all, and answers an error later with each one.
settings() { # PREFIX OFFSET
  cat <<CF
${1}PORT=$((BASE + $2))
${1}ADDRESS=127.0.0.1
MAXDAEMONS=400
MAXPERC=400
MAXPERIP=400
TARPIT=0
# There is no DNS.
BOFHCHECKDNS=0
TCPDOPTS="-stderrlogger=/usr/sbin/courierlogger -noidentlookup -nodnslookup"
CF
}
settings '' 0 >>esmtpd
# Stock reads esmtpd before either of the others.
{
  settings '' 1
  printf '%s\n' ESMTPDSTART=YES AUTH_REQUIRED=1 ESMTP_TLS_REQUIRED=1 ESMTPAUTH= 'ESMTPAUTH_TLS="PLAIN LOGIN"'
} >>esmtpd-msa
{
  settings SSL 2
  printf '%s\n' ESMTPDSSLSTART=YES AUTH_REQUIRED=1 'ESMTPAUTH="PLAIN LOGIN"' 'ESMTPAUTH_TLS="PLAIN LOGIN"'
} >>esmtpd-ssl
sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb"/' authdaemonrc
hash=$(openssl passwd -1 -stdin <"$DIR/password")
for user in "$ACCOUNT" "$ACCOUNT@$LOCAL_DOMAIN" carol; do
  box=${user%@*}
  printf '%s\thome=/srv/mail/%s|uid=%s|gid=%s|systempw=%s\n' "$user" "$box" "${MAILBOXES[$box]}" "${MAILBOXES[$box]}" "$hash"
done >userdb
chmod 600 userdb
chown -R "$owner" .
cd /
in_root sh -ec 'makeuserdb; makesmtpaccess; makeacceptmailfor; makealiases'

# Courier knows no log but syslog's.
syslog "$DIR/courier.log"
in_root /usr/sbin/courierlogger -pid=/run/courier/authdaemon/pid -start /usr/lib/courier/courier-authlib/authdaemond
in_root /usr/lib/courier/courierctl.start
for service in esmtpd esmtpd-msa esmtpd-ssl; do in_root "/usr/sbin/$service" start; done
lab_await
# There is no process that ends the others; the sessions of lab_await end by themselves.
for process in $(pids_inside); do
  case $(cat "/proc/$process/comm" 2>/dev/null) in
  courierd | couriertcpd | courierlogger | authdaemond | courieruucp | courierlocal | courieresmtp | courierdsn | courierfax) lab_started "$process" ;;
  esac
done
lab_profile "$(package_version courier-mta)" "$DIR/courier.log"
