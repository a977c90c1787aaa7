"""The least Flask application that answers JSON, for gunicorn."""

from flask import Flask, Response, jsonify

app = Flask(__name__)


@app.get("/")
def hello() -> Response:
    """Answer every request alike."""
    return jsonify(message="Hello, world!")
