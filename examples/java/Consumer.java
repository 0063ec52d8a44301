// kafka-clients: keeps what stands of every item in SQLite, in a consumer group; offsets are committed when the rows are.
//
//   mvn dependency:copy-dependencies -DoutputDirectory=libs && java -cp 'libs/*' Consumer.java

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Consumer {
  static final String TABLE = """
      CREATE TABLE IF NOT EXISTS events (
        item_id TEXT PRIMARY KEY, fetched TEXT, generation INTEGER, id TEXT, reason TEXT, title TEXT)""";
  static final String UPSERT = """
      INSERT INTO events VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (item_id) DO UPDATE SET
        fetched = excluded.fetched, generation = excluded.generation, id = excluded.id, reason = excluded.reason,
        title = excluded.title WHERE (excluded.fetched, excluded.generation) >= (fetched, generation)""";
  static final String[] FIELDS = {"item_id", "fetched", "generation", "id", "reason", "title"};

  static String environment(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", environment("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"),
        "group.id", environment("GROUP", "desk-java"),
        "auto.offset.reset", "earliest",
        "enable.auto.commit", false,
        "session.timeout.ms", 6000);  // so long the partitions of one that was killed wait for another
    var json = new ObjectMapper();
    var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    var database = DriverManager.getConnection("jdbc:sqlite:" + environment("DATABASE", "java.db"));
    database.createStatement().execute(TABLE);
    database.setAutoCommit(false);
    var upsert = database.prepareStatement(UPSERT);
    consumer.subscribe(List.of(environment("STREAM", "news.enriched")));
    while (true) {
      var records = consumer.poll(Duration.ofSeconds(1));
      for (var record : records) {
        JsonNode event = json.readTree(record.value());
        for (int i = 0; i < FIELDS.length; i++) {
          upsert.setString(i + 1, event.get(FIELDS[i]).asText());
        }
        upsert.executeUpdate();
      }
      if (!records.isEmpty()) {
        database.commit();
        consumer.commitSync();
      }
    }
  }
}
