"""Which recipients exist and what becomes of a message, for the servers of the lab that are libraries.

site.json, which lab.sh writes, lies beside the server that imports this.
"""

import itertools
import json
import os
import smtplib
import time

with open("/etc/lab/site.json", encoding="ascii") as file:
    site = json.load(file)
BASE, SINK, HOST_NAME = site["base"], site["sink"], site["host"]
LOCAL_DOMAIN, RELAY_DOMAIN = site["local"], site["relay"]
ACCOUNT, PASSWORD, MAILBOXES = site["account"], site["password"], site["mailboxes"]

serial = itertools.count()


def mailbox(address):
    """The mailbox that a local address names, or None."""
    local, at, domain = address.lower().rpartition("@")
    if not at:
        # Only postmaster may be written without a domain.
        return ACCOUNT if domain == "postmaster" else None
    if domain not in (LOCAL_DOMAIN, HOST_NAME):
        return None
    if local.startswith('"') and local.endswith('"'):
        local = local[1:-1].replace("\\", "")
    if local == "postmaster":
        return ACCOUNT
    return local if local in MAILBOXES else None


def is_remote(address):
    domain = address.lower().rpartition("@")[2]
    return "@" in address and domain not in (LOCAL_DOMAIN, HOST_NAME)


def deliver(box, content):
    name = f"{time.time():.6f}.{os.getpid()}_{next(serial)}.{HOST_NAME}"
    maildir = f"/srv/mail/{box}/Maildir"
    with open(f"{maildir}/tmp/{name}", "wb") as file:
        file.write(content)
    os.rename(f"{maildir}/tmp/{name}", f"{maildir}/new/{name}")


def relay(sender, options, recipients, content):
    with smtplib.SMTP("127.0.0.1", SINK, HOST_NAME, timeout=30) as client:
        client.ehlo()
        wanted = [o for o in options if o == "SMTPUTF8" or o.startswith("BODY=")]
        offered = [o for o in wanted if client.has_extn(o.replace("BODY=", ""))]
        client.sendmail(sender, recipients, content, offered)


def refusal(address, may_relay):
    """The reply that refuses a recipient, or None."""
    if is_remote(address):
        domain = address.lower().rpartition("@")[2]
        return None if domain == RELAY_DOMAIN or may_relay else "550 5.7.1 Relaying denied"
    return "550 5.1.1 User unknown" if mailbox(address) is None else None
