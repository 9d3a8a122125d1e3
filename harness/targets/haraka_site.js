'use strict'
// The plugin of the lab's Haraka: which recipients exist, local delivery, and a login for submission. Haraka ships no plugin
// that delivers into mailboxes, and takes ports other than 587 and 465 for no submission.
const { site, mailbox, isRemote, refusal, deliverLocally } = require('/etc/lab/mailboxes.js')

const isRelay = (connection) => connection.local.port === site.base

exports.register = function () {
  this.register_hook('capabilities', 'keep_auth_for_submission', 100)
}

// auth/flat_file offers AUTH to every private address, also in clear and on every port.
exports.keep_auth_for_submission = function (next, connection) {
  if (isRelay(connection) || !connection.tls.enabled) {
    connection.capabilities = connection.capabilities.filter((line) => !/^AUTH/.test(line))
    delete connection.notes.allowed_auth_methods
  }
  next()
}

exports.hook_mail = function (next, connection) {
  if (!isRelay(connection) && !connection.relaying) return next(DENY, 'Authentication required') // as Haraka says it on port 587
  next()
}

exports.hook_rcpt = function (next, connection, [recipient]) {
  const refused = refusal(recipient.address, connection.relaying)
  refused ? next(DENY, refused) : next(OK)
}

exports.hook_queue = function (next, connection) {
  const { rcpt_to, message_stream } = connection.transaction
  const recipients = rcpt_to.map((recipient) => recipient.address)
  // queue/smtp_forward takes what has a recipient elsewhere.
  if (recipients.some(isRemote)) return next()
  message_stream.get_data((content) => {
    try {
      deliverLocally(recipients, content)
      next(OK)
    } catch (error) {
      next(DENYSOFT, error.message)
    }
  })
}
exports.hook_queue_outbound = exports.hook_queue
