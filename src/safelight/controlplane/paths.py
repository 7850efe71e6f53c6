"""Where the API lives. Every router carries its whole path, so that a route is found in the access table by it."""

API = "/api/v1"
