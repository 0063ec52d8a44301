// @platformatic/kafka: keeps what stands of every item in SQLite, in a consumer group; offsets are committed when the
// rows are.
//
//   npm install && node consumer.mjs

import { rmSync } from 'node:fs'
import { Consumer } from '@platformatic/kafka'
import sqlite from 'node-sqlite3-wasm'

const { KAFKA_BOOTSTRAP_SERVERS = '127.0.0.1:9092', STREAM = 'news.enriched', GROUP = 'desk-javascript' } = process.env
const { DATABASE = 'javascript.db' } = process.env

const TABLE = `CREATE TABLE IF NOT EXISTS events (
  item_id TEXT PRIMARY KEY, fetched TEXT, generation INTEGER, id TEXT, reason TEXT, title TEXT)`
const UPSERT = `INSERT INTO events VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (item_id) DO UPDATE SET
  fetched = excluded.fetched, generation = excluded.generation, id = excluded.id, reason = excluded.reason,
  title = excluded.title WHERE (excluded.fetched, excluded.generation) >= (fetched, generation)`

rmSync(`${DATABASE}.lock`, { recursive: true, force: true }) // this SQLite's lock outlives a process that was killed
const database = new sqlite.Database(DATABASE)
database.exec(TABLE)
const upsert = database.prepare(UPSERT)

const consumer = new Consumer({
  clientId: 'example',
  groupId: GROUP,
  bootstrapBrokers: KAFKA_BOOTSTRAP_SERVERS.split(','),
  sessionTimeout: 6_000, // so long the partitions of one that was killed wait for another
  heartbeatInterval: 1_000
})
const messages = await consumer.consume({
  topics: [STREAM],
  mode: 'committed',
  fallbackMode: 'earliest',
  autocommit: false
})
for await (const message of messages) {
  const { item_id, fetched, generation, id, reason, title } = JSON.parse(message.value)
  upsert.run([item_id, fetched, generation, id, reason, title])
  await message.commit()
}
