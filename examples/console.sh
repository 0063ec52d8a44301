#!/bin/sh
# Kafka's own console consumer: headers and value of each event, a line each, in a consumer group. Keeps nothing.
#
#   ./console.sh                                  with the jars that `geowire broker fetch` fetched
#   KAFKA_LIBS=/opt/kafka/libs ./console.sh       with those of a Kafka you have
#   ./console.sh | grep --line-buffered 'ce_countries:[A-Z,]*GR'
set -eu

libs=${KAFKA_LIBS:-$(ls -dt "${GEOWIRE_CACHE_DIR:-$HOME/.cache/geowire}"/kafka-* | head -n 1)}
exec java -cp "$libs/*" org.apache.kafka.tools.consumer.ConsoleConsumer \
  --bootstrap-server "${KAFKA_BOOTSTRAP_SERVERS:-127.0.0.1:9092}" \
  --topic "${STREAM:-news.enriched}" \
  --group "${GROUP:-desk-console}" \
  --consumer-property auto.offset.reset=earliest \
  --consumer-property session.timeout.ms=6000 \
  --property print.headers=true
