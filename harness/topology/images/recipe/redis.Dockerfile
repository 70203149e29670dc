# A Redis of the distribution in an image that behaves like the official one.
FROM scratch
ADD root.tar /
ARG MAJOR
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LANG=C.UTF-8
WORKDIR /data
VOLUME /data
EXPOSE 6379
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
