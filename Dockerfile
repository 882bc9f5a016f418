# The four programs in one image, from what `npm run release` has built:
#
#     npm run release && docker build -t mezite .
#     docker run -p 3025:3025 -v mezite:/var/lib/mezite mezite
#     docker exec CONTAINER mezctl status
#
# It starts a hub; `docker run … mezite mezd identity start …` and the like run the others.
FROM debian:bookworm-slim
ARG TARGETARCH=amd64
RUN apt-get update \
  && apt-get install -y --no-install-recommends openssh-client \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 990 --home-dir /var/lib/mezite mezite \
  && install -d -o mezite -g mezite -m 0700 /var/lib/mezite
COPY dist/${TARGETARCH}/mezhub /usr/local/bin/
# One executable, which goes by the name that it is called by.
RUN for name in mezd mezctl msh; do ln /usr/local/bin/mezhub /usr/local/bin/$name; done
USER mezite
ENV MEZITE_DATA_DIR=/var/lib/mezite/hub MEZITE_LOG_FORMAT=json
VOLUME /var/lib/mezite
EXPOSE 3025
HEALTHCHECK CMD ["mezctl", "status"]
CMD ["mezhub", "start"]
