package io.levada.gateway;

import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import jdk.net.ExtendedSocketOptions;
import reactor.netty.transport.ServerTransport;
import reactor.netty.transport.ServerTransportConfig;

/** How sockets are set up, whatever is spoken over them. */
final class Sockets {
    /** Enough to keep a socket busy between two turns of its event loop; the rest waits where it is counted. */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(128 << 10, 256 << 10);

    /**
     * A peer that is gone without a word, as its power was cut, is noticed after a minute and a half by TCP where what is
     * spoken has no keepalives of its own; a body of lines may rest for as long as it likes.
     */
    static final int IDLE_SECONDS = 60;

    private static final int PROBE_SECONDS = 10;
    private static final int PROBES = 3;

    private Sockets() {}

    static <T extends ServerTransport<T, C>, C extends ServerTransportConfig<C>> T prepare(T server) {
        T prepared = server.option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .childOption(ChannelOption.SO_KEEPALIVE, true);
        if (Epoll.isAvailable()) {
            return prepared.childOption(EpollChannelOption.TCP_KEEPIDLE, IDLE_SECONDS)
                    .childOption(EpollChannelOption.TCP_KEEPINTVL, PROBE_SECONDS)
                    .childOption(EpollChannelOption.TCP_KEEPCNT, PROBES);
        }
        return prepared.childOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), IDLE_SECONDS)
                .childOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL), PROBE_SECONDS)
                .childOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), PROBES);
    }
}
