#!/usr/bin/env bash
# haraka.sh DIR BASEPORT - Haraka with the plugin in haraka_site.js, as lab.sh describes.
TARGET=haraka
# shellcheck disable=SC2034 # for lab.sh
NPM=Haraka@3.3.4
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_enter "$@"

lab_application haraka 12080 haraka_site.js mailboxes.js
home=$ROOT/etc/lab/haraka
mkdir -p "$home"/{config,plugins,queue}
mv "$ROOT/etc/lab/haraka_site.js" "$home/plugins/lab_site.js"
cp "$ROOT/etc/lab/tls.pem" "$home/config/tls_key.pem"
cp "$DIR/cert.pem" "$home/config/tls_cert.pem"
# Haraka makes its own where there are none, which takes long.
openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out "$home/config/dhparams.pem"
cd "$home/config"
cat >smtp.ini <<CF
listen=127.0.0.1:$BASE,127.0.0.1:$((BASE + 1)),127.0.0.1:$((BASE + 2))
smtps_port=$((BASE + 2))
nodes=0
CF
# Stock takes 26 MB, more than the harness sends to find a limit.
sed 's/^bytes=.*/bytes=10240000/' "$ROOT/opt/lab/node_modules/Haraka/config/connection.ini" >connection.ini
echo "$HOST_NAME" >me
printf '[main]\nkey=tls_key.pem\ncert=tls_cert.pem\n' >tls.ini
printf '[core]\nmethods=PLAIN,LOGIN\nconstrain_sender=false\n[users]\n%s=%s\n' "$ACCOUNT" "$(cat "$DIR/password")" >auth_flat_file.ini
printf 'host=127.0.0.1\nport=%s\nenable_outbound=true\n' "$SINK" >smtp_forward.ini
# Stock asks the DNS for the sender's domain (mail_from.is_resolvable), and has no recipients but by domain (rcpt_to.in_host_list).
printf '%s\n' tls auth/flat_file lab_site queue/smtp_forward >plugins
chown -R "$OWNER" "$home"
cd /

spawn "$DIR/haraka.log" haraka "$NODE" /opt/lab/node_modules/Haraka/bin/haraka -c /etc/lab/haraka
lab_started "$PID"
lab_await
lab_profile "$(npm_version Haraka)" "$DIR/haraka.log"
