package io.levada.log;

import io.levada.facade.Engine;
import io.netty.channel.Channel;
import io.rsocket.RSocket;
import org.apache.kafka.common.Node;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Breaks the rules of the architecture on purpose, so that their test can show that it would tell. */
record Offender(
        @Nullable Engine engine,
        @Nullable Channel channel,
        @Nullable RSocket rsocket,
        @Nullable Node broker,
        @Nullable Mono<Void> mono) {}
