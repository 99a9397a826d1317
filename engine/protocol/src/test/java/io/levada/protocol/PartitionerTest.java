package io.levada.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;

class PartitionerTest {
    @Test
    void a_key_goes_where_kafka_sends_it() {
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            byte[] key = new byte[random.nextInt(40)];
            random.nextBytes(key);
            assertEquals(Utils.murmur2(key), Partitioner.murmur2(key));
            int partitions = 1 + random.nextInt(100);
            assertEquals(BuiltInPartitioner.partitionForKey(key, partitions), Partitioner.partition(key, partitions));
        }
    }
}
