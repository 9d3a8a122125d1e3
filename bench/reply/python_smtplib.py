"""Python's smtplib as a process adapter: its reading of one reply, from memory."""
import io
import smtplib
import sys


def judge(octets):
    client = smtplib.SMTP()
    client.file = io.BytesIO(octets)
    try:
        code, _ = client.getreply()
    except smtplib.SMTPServerDisconnected:
        return "waits"
    except smtplib.SMTPResponseException:
        return "refused"
    return f"accepted {code}" if code >= 0 else "refused"


while size := sys.stdin.buffer.readline():
    print(judge(sys.stdin.buffer.read(int(size))), flush=True)
