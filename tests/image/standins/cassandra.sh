#!/bin/sh
# Cassandra in ScyllaDB's place: on this container's address, with its data where ScyllaDB has it. What is
# acknowledged is on the disk.
set -eu
cd /usr/share/cassandra
data=/var/lib/scylla
address=$(hostname --ip-address)
sed -e "s|{folder}|$data|; s|{address}|$address|; s|127\.0\.0\.1|$address|; s|{native_port}|9042|" \
    -e "s|{storage_port}|7000|; s|{token}|0|; s|{commitlog_sync}|commitlog_sync: batch|" \
    cassandra.yaml >/tmp/cassandra.yaml
exec java @cassandra-java.options -Xms384m -Xmx384m -javaagent:lib/jamm-0.4.0.jar \
    -Dcassandra.storagedir=$data -Dcassandra.config=file:///tmp/cassandra.yaml \
    -Dlogback.configurationFile=cassandra-logback.xml \
    -cp 'lib/*' org.apache.cassandra.service.CassandraDaemon
