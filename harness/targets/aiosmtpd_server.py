"""aiosmtpd in three roles, started by aiosmtpd.sh.

aiosmtpd is a library: which recipients exist and what becomes of a message is
the application's part, and that is all there is below: the trace fields are
part of it.  Every other answer is the library's own.
"""

import asyncio
import datetime
import email.utils
import logging
import signal
import smtplib
import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from mailboxes import ACCOUNT, BASE, HOST_NAME, PASSWORD, deliver, is_remote, mailbox, refusal, relay, serial

CERTIFICATE = "/etc/lab/tls.pem"


# The library leaves both to its handlers (RFC 5321 section 4.4).
def trace(session, recipients):
    protocol = "ESMTP" if session.extended_smtp else "SMTP"
    if session.extended_smtp:
        protocol += ("S" if session.ssl else "") + ("A" if session.authenticated else "")
    path = f"\r\n\tfor <{recipients[0]}>" if len(recipients) == 1 and "@" in recipients[0] else ""
    date = email.utils.format_datetime(datetime.datetime.now(datetime.timezone.utc))
    return (f"Received: from {session.host_name} ([{session.peer[0]}])\r\n\tby {HOST_NAME} with {protocol}"
            f" id {next(serial)}{path};\r\n\t{date}\r\n").encode("utf-8")


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if refused := refusal(address, session.authenticated):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        content = trace(session, envelope.rcpt_tos) + envelope.original_content
        remote = [r for r in envelope.rcpt_tos if is_remote(r)]
        if remote:
            # Before the answer, since there is no queue to promise anything from.
            try:
                await asyncio.get_running_loop().run_in_executor(
                    None, relay, envelope.mail_from, envelope.mail_options,
                    remote, content)
            except (OSError, ValueError, smtplib.SMTPException) as error:
                logging.warning("relaying failed: %s", error)
                return "451 4.4.1 The next hop did not take the message"
        for box in {mailbox(r) for r in envelope.rcpt_tos if not is_remote(r)}:
            deliver(box, f"Return-Path: <{envelope.mail_from.strip('<>')}>\r\n".encode("utf-8") + content)
        return "250 OK"


class RelayHandler(Handler):
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        # Under TLS the library lists AUTH even with no mechanism to offer.
        return [r for r in responses if not r.startswith("250-AUTH")]


def authenticator(server, session, envelope, mechanism, data):
    ok = (data.login, data.password) == (ACCOUNT.encode(), PASSWORD.encode())
    # handled=True, the default, would mean that the refusal has been sent already.
    return AuthResult(success=ok, handled=False)


def main():
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    common = {
        "hostname": "127.0.0.1",
        "server_hostname": HOST_NAME,
        # On a busy machine the default of 5 seconds can be too short.
        "ready_timeout": 30,
        # No limit, which is stock in this version: a number would end a session
        # with 421 after so many commands of one kind.  What stays is five
        # unknown commands, then 502 and the end; there is no setting for it.
        "command_call_limit": None,
    }
    controllers = [
        Controller(RelayHandler(), port=BASE, tls_context=context,
                   auth_exclude_mechanism=["PLAIN", "LOGIN"], **common),
        Controller(Handler(), port=BASE + 1, tls_context=context, require_starttls=True,
                   auth_required=True, authenticator=authenticator, **common),
        # The library does not count TLS from the start as TLS: without
        # auth_require_tls=False it would not offer AUTH here.
        Controller(Handler(), port=BASE + 2, ssl_context=context, auth_require_tls=False,
                   auth_required=True, authenticator=authenticator, **common),
    ]
    for controller in controllers:
        controller.start()
    signal.pause()


main()
