"""Makes the API's description: ``python -m safelight.controlplane.openapi``, into ``openapi.json`` beside this file.

The document is checked in, so that a change of the API is read as a diff; a test compares the two.
"""

import json

from prometheus_client import CollectorRegistry

from safelight.controlplane.app import assemble
from safelight.controlplane.metrics import ApiMetrics


def document() -> str:
    app = assemble(ApiMetrics(CollectorRegistry()))
    content = app.openapi()
    content["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    content["security"] = [{"bearer": []}]
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(document(), end="")
