# The hub in a container: built from this checkout, run by a user without rights, its data in a volume.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm run tarballs -- /tarballs

FROM node:24-bookworm-slim
RUN --mount=type=bind,from=build,source=/tarballs,target=/tarballs \
    npm install --global --no-audit --no-fund /tarballs/*.tgz && npm cache clean --force \
    && install -d -o node -g node -m 700 /var/lib/streams
USER node
VOLUME /var/lib/streams
EXPOSE 8443
# With the owner's key, which is in the volume: it answers, authenticates, and finds its policies.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["streams", "hub", "show", "--data", "/var/lib/streams"]
ENTRYPOINT ["streams"]
CMD ["hub", "start", "--quiet", "--data", "/var/lib/streams"]
