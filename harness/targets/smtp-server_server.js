'use strict'
// Nodemailer's smtp-server in three roles, started by smtp-server.sh.
//
// It is a library: which recipients exist and what becomes of a message is the application's part, and that is all there is
// below. Every other answer is the library's own. It adds no Received or Return-Path line to a message, so this does not either.
const fs = require('fs')
const { SMTPServer } = require('/opt/lab/node_modules/smtp-server')
const { createTransport } = require('/opt/lab/node_modules/nodemailer')
const { site, isRemote, refusal, deliverLocally } = require('./mailboxes.js')

const failed = (code, text) => Object.assign(new Error(text), { responseCode: code })

const nextHop = createTransport({ host: '127.0.0.1', port: site.sink, name: site.host, ignoreTLS: true })

function relay(from, to, content, done) {
  nextHop.sendMail({ envelope: { from, to }, raw: content }, (error) => {
    if (error) console.log('relaying failed:', error.message)
    done(error && failed(451, '4.4.1 The next hop did not take the message'))
  })
}

const options = {
  name: site.host,
  // Stock has no limit.
  size: 10240000,
  disableReverseLookup: true,
  key: fs.readFileSync('/etc/lab/tls.pem'),
  cert: fs.readFileSync('/etc/lab/tls.pem'),
  onAuth(auth, session, done) {
    if (auth.username === site.account && auth.password === site.password) done(null, { user: auth.username })
    else done(failed(535, '5.7.8 Authentication failed'))
  },
  onRcptTo(address, session, done) {
    const refused = refusal(address.address, Boolean(session.user))
    done(refused && failed(550, refused))
  },
  onData(stream, session, done) {
    const chunks = []
    stream.on('data', (chunk) => chunks.push(chunk))
    stream.on('end', () => {
      // The library tells that a message was longer than its limit, and leaves the answer to the application.
      if (stream.sizeExceeded) return done(failed(552, '5.3.4 Message too big'))
      const content = Buffer.concat(chunks)
      const recipients = session.envelope.rcptTo.map((recipient) => recipient.address)
      const remote = recipients.filter(isRemote)
      const local = (error) => {
        if (!error) deliverLocally(recipients, content)
        done(error)
      }
      // Before the answer, since there is no queue to promise anything from.
      if (remote.length) relay(session.envelope.mailFrom.address, remote, content, local)
      else local()
    })
  },
}
const roles = [{ disabledCommands: ['AUTH'], authOptional: true }, {}, { secure: true }]
roles.forEach((role, offset) => {
  const server = new SMTPServer({ ...options, ...role })
  // A client that went away; nothing to do for it.
  server.on('error', (error) => console.log(site.base + offset, error.message))
  server.listen(site.base + offset, '127.0.0.1')
})
