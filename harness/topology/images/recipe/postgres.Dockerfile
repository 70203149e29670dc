# A PostgreSQL of the distribution in an image that behaves like the official one. root.tar holds the programs and their
# libraries; the cluster made here is what a fresh container starts from, so that it need not run
# initdb; as one archive, since a thousand small files take a second to read from some storage drivers.
FROM scratch
ADD root.tar /
ARG MAJOR
ARG INITDB_ARGS
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/lib/postgresql/$MAJOR/bin:/usr/sbin:/usr/bin \
    PG_MAJOR=$MAJOR LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data
RUN setpriv --reuid=postgres --regid=postgres --init-groups \
      initdb --pgdata=/tmp/cluster --username=postgres --auth=trust $INITDB_ARGS >/dev/null \
 && tar --create --sparse --directory=/tmp/cluster --file=/usr/local/share/brunt/cluster.tar . \
 && rm -r /tmp/cluster \
 && printf '%s' "$INITDB_ARGS" >/usr/local/share/brunt/initdb-args
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
