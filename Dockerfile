# One image for every role: worker, beat, flower, web, migrations and the command line are all `im <verb>`.
# The first stage builds the wheel and a virtual environment; the second carries that environment and nothing else.
ARG PYTHON=3.13
# a digest holds it for good: --build-arg BASE=python@sha256:…
ARG BASE=python:${PYTHON}-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# without pip: what runs has no need to install anything
RUN python -m venv --without-pip /opt/im
WORKDIR /src

# What runs comes from the lock alone, each file held to its hash, so that an image built later is the same one; a change in our
# own code reuses this layer. EXTRAS=local adds the parts of the laptop stack, of which the sandbox cloud is one.
ARG EXTRAS=""
COPY pyproject.toml requirements*.lock ./
RUN python -c "import tomllib; read = tomllib.load(open('pyproject.toml', 'rb')); \
open('/tmp/build.txt', 'w').write('\n'.join(read['build-system']['requires']))" \
    && pip install --requirement /tmp/build.txt \
    && pip --python /opt/im/bin/python install --require-hashes --requirement "requirements${EXTRAS:+-$EXTRAS}.lock"

COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/dist . \
    && pip --python /opt/im/bin/python install --no-deps /tmp/dist/*.whl

FROM ${BASE}
# as im/__init__.py says, to which a test holds it
ARG VERSION=0.2.0
LABEL org.opencontainers.image.title="im" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.description="Every cloud instance gets a deadline" \
      org.opencontainers.image.licenses="MIT"
# open to any number, since a mounted profile makes the container run under its owner's; /var/lib/im is for the sandbox alone
RUN useradd --uid 10001 --user-group --create-home --shell /usr/sbin/nologin im \
    && chmod 755 /home/im \
    && install --directory --owner=im --group=im --mode=700 /var/lib/im
COPY --from=build /opt/im /opt/im
ENV PATH=/opt/im/bin:$PATH \
    HOME=/home/im \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    IM_LOG_FORMAT=json
# a number, because Kubernetes' runAsNonRoot cannot judge a name
USER 10001:10001
WORKDIR /home/im
# No HEALTHCHECK here: what healthy means differs by role, so docker-compose.yml says it beside each.
ENTRYPOINT ["im"]
CMD ["--help"]
