package io.levada.connect.rest;

/** What a route needs whoever makes a request to be allowed: each says so, and {@link Guard} alone knows what it means. */
enum Need {
    /** Not even to be known. */
    NOTHING,
    /** To be known; what it is shown is what it may see. */
    PRINCIPAL,
    /** To see the connector in the path. */
    DESCRIBE,
    /** To make the connector that the body names. */
    CREATE,
    /** To change the connector in the path, or to make it where there is none. */
    CREATE_OR_ALTER,
    /** To change the connector in the path, or what it does. */
    ALTER,
    /** To delete the connector in the path. */
    DELETE,
    /** To see or to make some connector, whichever. */
    SEE_PLUGINS,
    /** To make or to change some connector, whichever: a plugin tries the settings of the body. */
    TRY_PLUGINS,
    /** To be an administrator, unless metrics are for everybody. */
    METRICS,
    /** To be an administrator. */
    SEE_WORKER,
    /** To be an administrator, whose change is noted. */
    CHANGE_WORKER
}
