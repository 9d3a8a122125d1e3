# The plugin of the lab's qpsmtpd: which recipients exist, local delivery, and a login for submission.
use strict;
use warnings;
use JSON::PP ();

my $site = do {
    open my $in, '<', '/etc/lab/site.json' or die;
    local $/;
    # What was read is tainted until a pattern has matched it; this file is ours.
    <$in> =~ /(.*)/s;
    JSON::PP::decode_json($1);
};
my %box = map { $_ => $_ } @{ $site->{mailboxes} };
$box{postmaster} = $site->{account};
my $serial = 0;

sub remote {
    my $host = lc($_[0]->host // '');
    return $host ne '' && $host ne $site->{local} && $host ne $site->{host};
}

sub hook_mail {
    my $connection = $_[0]->qp->connection;
    return DECLINED if $connection->local_port == $site->{base} || $connection->relay_client;
    return DENY, '5.7.0 Authentication required';
}

sub hook_rcpt {
    my ($self, $transaction, $recipient) = @_;
    if (remote($recipient)) {
        return OK if lc $recipient->host eq $site->{relay} || $self->qp->connection->relay_client;
        return DENY, '5.7.1 Relaying denied';
    }
    return OK if $box{ lc $recipient->user };
    return DENY, '5.1.1 User unknown';
}

# queue/smtp-forward takes what has a recipient elsewhere.
sub hook_queue {
    my ($self, $transaction) = @_;
    my @recipients = $transaction->recipients;
    return DECLINED if grep { remote($_) } @recipients;
    my %to = map { $box{ lc $_->user } => 1 } @recipients;
    for my $to (keys %to) {
        my $maildir = "/srv/mail/$to/Maildir";
        my $name = join '.', time, $$ . '_' . $serial++, $site->{host};
        open my $out, '>', "$maildir/tmp/$name" or return DENYSOFT;
        print $out $transaction->header->as_string, "\n";
        $transaction->body_resetpos;
        while (my $line = $transaction->body_getline) { print $out $line }
        close $out or return DENYSOFT;
        rename "$maildir/tmp/$name", "$maildir/new/$name" or return DENYSOFT;
    }
    return OK, 'delivered';
}
