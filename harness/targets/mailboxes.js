'use strict'
// Which recipients exist and what becomes of a message, for the servers of the lab that are libraries. site.json, which
// lab.sh writes, lies beside it in /etc/lab. What mailboxes.py is for Python.
const fs = require('fs')

const site = JSON.parse(fs.readFileSync('/etc/lab/site.json', 'ascii'))
const ours = [site.local, site.host]
let serial = 0

// The mailbox that a local address names, or undefined.
function mailbox(address) {
  const at = address.lastIndexOf('@')
  let local = (at < 0 ? address : address.slice(0, at)).toLowerCase()
  // Only postmaster may be written without a domain.
  if (at < 0) return local === 'postmaster' ? site.account : undefined
  if (!ours.includes(address.slice(at + 1).toLowerCase())) return undefined
  if (local.startsWith('"') && local.endsWith('"')) local = local.slice(1, -1).replaceAll('\\', '')
  if (local === 'postmaster') return site.account
  return site.mailboxes.includes(local) ? local : undefined
}

const isRemote = (address) => address.includes('@') && !ours.includes(address.slice(address.lastIndexOf('@') + 1).toLowerCase())

// The text that refuses a recipient, or undefined.
function refusal(address, mayRelay) {
  if (!isRemote(address)) return mailbox(address) ? undefined : '5.1.1 User unknown'
  return mayRelay || address.toLowerCase().endsWith('@' + site.relay) ? undefined : '5.7.1 Relaying denied'
}

function deliver(box, content) {
  const name = `${Date.now()}.${process.pid}_${serial++}.${site.host}`
  const maildir = `/srv/mail/${box}/Maildir`
  fs.writeFileSync(`${maildir}/tmp/${name}`, content)
  fs.renameSync(`${maildir}/tmp/${name}`, `${maildir}/new/${name}`)
}

// To every local mailbox among the recipients once.
function deliverLocally(recipients, content) {
  for (const box of new Set(recipients.map(mailbox).filter(Boolean))) deliver(box, content)
}

module.exports = { site, mailbox, isRemote, refusal, deliverLocally }
