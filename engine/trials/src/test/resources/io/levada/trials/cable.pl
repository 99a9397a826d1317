# A cable to a port of this machine that can be pulled: connections to it are passed on, until SIGUSR1. From then on whatever
# comes from the server's side is dropped before TCP sees it, so that nothing is ever acknowledged again, and nothing is closed.
# Arguments: the server's port. It prints the port it listens on, and when it is pulled the ports that the server sees.
use strict;
use warnings;
use Errno qw(EWOULDBLOCK);
use Socket;

use constant SO_ATTACH_FILTER => 26;    # asm-generic/socket.h

my ($to) = @ARGV;
my $loopback = inet_aton('127.0.0.1');
my $pulled   = 0;
$SIG{USR1} = sub { $pulled = 1 };
$SIG{PIPE} = 'IGNORE';
$| = 1;

socket(my $listening, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
bind($listening, sockaddr_in(0, $loopback)) or die "bind: $!";
listen($listening, 128) or die "listen: $!";
print +(sockaddr_in(getsockname($listening)))[0], "\n";

my (%other, %socket, @upstream);

sub join_up {
    accept(my $near, $listening) or return;
    socket(my $far, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
    connect($far, sockaddr_in($to, $loopback)) or die "connect: $!";
    push @upstream, $far;
    for ([$near, $far], [$far, $near]) {
        $socket{fileno $_->[0]} = $_->[0];
        $other{fileno $_->[0]}  = $_->[1];
    }
}

# What one end gave goes to the other; all of it, for what is passed on here is little.
sub pass_on {
    my ($number) = @_;
    my $read = sysread($socket{$number}, my $bytes, 65536);
    if ($read) {
        my $at = 0;
        while ($at < $read) {
            my $written = syswrite($other{$number}, $bytes, $read - $at, $at);
            last unless defined $written;
            $at += $written;
        }
    } elsif (defined $read || $! != EWOULDBLOCK) {
        shutdown($other{$number}, 1);
        delete $socket{$number};
    }
}

until ($pulled) {
    my $wanted = '';
    vec($wanted, $_, 1) = 1 for fileno($listening), keys %socket;
    next if select(my $ready = $wanted, undef, undef, 0.1) <= 0;
    join_up() if vec($ready, fileno($listening), 1);
    pass_on($_) for grep { vec($ready, $_, 1) && exists $socket{$_} } keys %socket;
}

my $drop    = pack('S C C L', 0x06, 0, 0, 0);      # BPF: return 0, take no byte of any packet
my $program = pack('S x![P] P', 1, $drop);
for my $far (@upstream) {
    setsockopt($far, SOL_SOCKET, SO_ATTACH_FILTER, $program) or die "filter: $!";
}
print join(' ', map { (sockaddr_in(getsockname($_)))[0] } @upstream), "\n";
sleep 1 while 1;
