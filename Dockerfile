# Stages: front-end (Node builds what browsers load), packages (Python's), parley (what runs), development (parley with Node inside).

FROM node:20-trixie-slim AS front-end
WORKDIR /parley/app
COPY app/package.json app/package-lock.json app/.npmrc ./
RUN npm install --no-save --no-audit --no-fund --loglevel error
COPY app/.parcelrc app/.sassrc.json ./
COPY app/frontend frontend
RUN npm run --silent build

FROM python:3.13-slim-trixie AS packages
RUN python -m venv /opt/parley
COPY requirements.txt .
RUN /opt/parley/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

FROM python:3.13-slim-trixie AS parley
# The OpenAI library trusts the system's certificates.
RUN apt-get -q update \
 && apt-get -q install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --create-home --shell /bin/bash parley \
 && install -d -o parley -g parley /parley /parley/.parley /parley/.parley/media /parley/.parley/mail /parley/bot_config
ENV PATH=/opt/parley/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /parley
COPY --from=packages /opt/parley /opt/parley
COPY Procfile ./
COPY deploy deploy
COPY bot_server bot_server
COPY bot_config bot_config
COPY app app
COPY --from=front-end /parley/app/static/dist app/static/dist
# A secret key is asked for, and not used: file names need none.
RUN DJANGO_SECRET_KEY=only-while-the-image-is-built STATIC_ROOT=/parley/static python app/manage.py collectstatic --noinput -v 0 \
 && python -m compileall -q app bot_server deploy
ENV STATIC_ROOT=/parley/static
USER parley
ENTRYPOINT ["python", "/parley/deploy/local/process.py"]
CMD ["app"]

FROM parley AS development
USER root
RUN apt-get -q update \
 && apt-get -q install -y --no-install-recommends nodejs npm \
 && rm -rf /var/lib/apt/lists/*
USER parley
