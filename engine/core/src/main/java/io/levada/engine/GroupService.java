package io.levada.engine;

import io.levada.Groups;
import io.levada.facade.GroupSession;
import io.levada.facade.JoinSpec;
import io.levada.facade.MemberSink;
import java.util.concurrent.CompletionStage;

/** Groups as the engine serves them. Safe for any thread; nothing here blocks. */
interface GroupService {
    Groups admin();

    GroupSession join(JoinSpec spec, MemberSink sink);

    /** A topic has come, and is served from now on. */
    void topicServed(OpenTopic topic);

    /** A topic has gone; its readers are being ended. */
    void topicDeleted(String name);

    /** How often a group's members or assignment have changed so far. */
    long rebalances();

    /** Ends all sessions with GOING_AWAY; complete when nothing more will be appended or called. */
    CompletionStage<Void> close();
}
