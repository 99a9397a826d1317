package io.levada.kafka;

import io.levada.ErrorCode;
import io.levada.LevadaException;
import io.levada.Position;
import io.levada.facade.JoinSpec;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** What a member of a group needs of the engine; its methods may block. */
interface MemberHost {
    ClusterConfig config();

    /** The topics that there are, for those who subscribe by patterns; none otherwise. */
    Set<String> topicNames(JoinSpec spec);

    /** Makes partitions readable, those of a topic that has gone meanwhile left out. */
    Map<TopicPartition, ClusterPartition> open(Collection<TopicPartition> partitions);

    /** Where a member begins that asks for a position; fails with OFFSET_OUT_OF_RANGE and LOG_CHANGED as a reader does. */
    long startOf(ClusterPartition partition, Position from);

    /** A group's members or assignment have changed. */
    void rebalanced();

    static LevadaException unknownMember(String group) {
        return new LevadaException(
                ErrorCode.UNKNOWN_MEMBER_ID,
                "the member of group '" + group + "' is not there any more, or not at this gateway; join anew");
    }
}
