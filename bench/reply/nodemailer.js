// nodemailer's SMTP connection as a process adapter: what it takes for whole replies (npm install nodemailer, NODE_PATH).
// It frames lines; its actions look at the first digits afterwards, which stands here as they have it.
const { Socket } = require('net');
const SMTPConnection = require('nodemailer/lib/smtp-connection');

function judge(octets) {
  const connection = new SMTPConnection({});
  const replies = [];
  connection._socket = new Socket();
  connection._responseActions = Array.from({ length: 64 }, () => text => replies.push(text));
  let failed = false;
  connection.on('error', () => (failed = true));
  connection._onData(octets);
  connection.close();
  if (replies.length === 0) return failed ? 'refused' : 'waits';
  const code = /^\d+/.exec(replies[0]);
  return code ? `accepted ${code[0]}` : 'refused';
}

let waiting = Buffer.alloc(0);
process.stdin.on('data', chunk => {
  waiting = Buffer.concat([waiting, chunk]);
  for (;;) {
    const newline = waiting.indexOf(10);
    if (newline < 0) return;
    const size = Number(waiting.toString('latin1', 0, newline));
    if (waiting.length < newline + 1 + size) return;
    const octets = waiting.subarray(newline + 1, newline + 1 + size);
    waiting = waiting.subarray(newline + 1 + size);
    let answer;
    try {
      answer = judge(octets);
    } catch {
      answer = 'refused';
    }
    process.stdout.write(answer + '\n');
  }
});
