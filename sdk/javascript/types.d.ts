/** What levada.js takes and gives, apart from its classes. */
import type {Batch, LevadaError, Record as StoredRecord} from './levada.js';

/** An answer of the protocol, as it came. */
export type Json = any;

/** What is published: strings are their UTF-8 bytes, null is absent, what is neither text nor bytes its JSON. */
export interface NewRecord {
  key?: string | Uint8Array | null;
  value?: unknown;
  headers?: {[name: string]: unknown};
  partition?: number;
  /** ms since the epoch; now, unless said */
  timestamp?: number;
}

/** The place of a published record, durable there. */
export interface Ack {
  topic: string;
  partition: number;
  offset: number;
  timestamp: number;
}

export interface Header {
  key: string;
  value: Uint8Array | null;
}

/** Values, one of them or those with a prefix. */
export type Match = string | string[] | {prefix: string};

export interface Filter {
  key?: Match;
  headers?: {[name: string]: Match};
}

/** What may be ahead of a loop, at most; a number is of records. */
export type Window = number | {records?: number; bytes?: number};

export interface Gap {
  topic: string;
  partition: number;
  from: number;
  to: number;
}

export interface TopicAdmin {
  list(): Promise<string[]>;
  describe(name: string): Promise<Json>;
  create(topic: {name: string; partitions?: number; config?: {[setting: string]: string}}): Promise<Json>;
  alter(topic: {name: string; partitions?: number; config?: {[setting: string]: string}}): Promise<Json>;
  delete(name: string): Promise<Json>;
  deleteRecords(what: {name: string; partition: number; beforeOffset: number}): Promise<Json>;
}

export interface GroupAdmin {
  list(): Promise<string[]>;
  describe(group: string): Promise<Json>;
  reset(what: {group: string; topic: string; partition?: number; to: string}): Promise<Json>;
  delete(group: string): Promise<Json>;
}

export interface Options {
  /** a bearer token, or what gives one for each connection */
  token?: string | (() => string | Promise<string>);
  /** 10,000 unless said */
  connectTimeoutMs?: number;
  /** 10,000 unless said */
  keepaliveMs?: number;
  /** what opens sockets, where the platform has none */
  WebSocket?: any;
}

interface FlowOptions {
  filter?: Filter;
  window?: Window;
  /** whether a hidden page asks for records: readings `pause` unless said, members `run` */
  hidden?: 'pause' | 'run';
  signal?: AbortSignal;
}

export interface ReadOptions extends FlowOptions {
  from?: string;
  to?: string;
  partition?: number;
  overflow?: string;
  /** what the server's statistics call it */
  label?: string;
  onGap?(gap: Gap): void;
  onDropped?(dropped: Gap): void;
}

export interface MemberOptions extends FlowOptions {
  name?: string;
  instanceId?: string;
  from?: string;
  maxStallMs?: number;
  onEvent?(event: {type: string; [field: string]: any}): void;
}

export interface PublishOptions {
  partition?: number;
  codec?: 'none' | 'gzip';
  /** records in flight, and acknowledgements not taken; 16,384 unless said */
  window?: number;
  signal?: AbortSignal;
}

/** What is told of the connection: of each that is made, of each that is lost, and of the end. */
export interface Session {
  urgent?: boolean;
  connected(connection: any): void;
  disconnected?(error: LevadaError): void;
  ended(error: LevadaError): void;
  leave?(): Promise<void>;
}

/** What hears of a request. */
export interface Handler {
  next(data: Uint8Array): void;
  error(error: LevadaError): void;
  complete(): void;
}
