"""Python's own smtpd module as a relay, started by pysmtpd.sh.

It has no hook for recipients: whom it takes is asked once the library has read the command.  Every other answer is the
library's own.  It adds no Received or Return-Path line to a message, so this does not either.
"""

import asyncore
import smtplib
import smtpd

from mailboxes import BASE, HOST_NAME, deliver, is_remote, mailbox, refusal, relay


class Channel(smtpd.SMTPChannel):
    def smtp_RCPT(self, arg):
        taken, replies = len(self.rcpttos), []
        self.push = replies.append
        try:
            super().smtp_RCPT(arg)
        finally:
            del self.push
        if len(self.rcpttos) > taken and (refused := refusal(self.rcpttos[-1], False)):
            self.rcpttos.pop()
            replies = [refused]
        for reply in replies:
            self.push(reply)


class Server(smtpd.SMTPServer):
    channel_class = Channel

    def process_message(self, peer, mailfrom, rcpttos, data, mail_options=(), rcpt_options=()):
        remote = [r for r in rcpttos if is_remote(r)]
        if remote:
            # Before the answer, since there is no queue to promise anything from.
            try:
                relay(mailfrom, mail_options, remote, data)
            except (OSError, ValueError, smtplib.SMTPException) as error:
                print("relaying failed:", error, flush=True)
                return "451 4.4.1 The next hop did not take the message"
        for box in {mailbox(r) for r in rcpttos if not is_remote(r)}:
            deliver(box, data)
        return None


def main():
    # Where the library takes its name from.
    smtpd.socket.getfqdn = lambda: HOST_NAME
    # Stock takes 33 MB, more than the harness sends to find a limit.
    Server(("127.0.0.1", BASE), None, data_size_limit=10240000)
    asyncore.loop()


main()
