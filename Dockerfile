# Nexus: one image for web, worker and beat.

FROM node:20-slim AS frontend
WORKDIR /frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN node build.mjs

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/opt/venv PATH=/opt/venv/bin:$PATH
WORKDIR /app
RUN pip install --no-cache-dir 'uv>=0.9,<1' && useradd --create-home nexus
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-cache
COPY . .
COPY --from=frontend /frontend/dist frontend/dist
RUN mkdir -p var/media var/private && SECRET_KEY=only-to-collect-static-files-in-the-image DATABASE_URL=sqlite:// \
  EMAIL_URL=consolemail:// SHOP_URL=http://localhost python manage.py collectstatic --no-input && chown -R nexus var
USER nexus
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD python -c "import os, urllib.request as http; http.urlopen(http.Request('http://127.0.0.1:8000/healthz', \
headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0]}), timeout=2)"
CMD ["python", "-m", "config.server", "--bind", "0.0.0.0", "--port", "8000"]
