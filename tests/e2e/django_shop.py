"""The shop and the workshop as Django's models. Importing this configures Django, once in a process; the databases
are made known by :func:`use`, since their logins exist only once a gateway runs."""

from typing import Any

import django
from django.conf import settings
from django.db import connections, models

from tests.rig.gateway import SessionLogin

if not settings.configured:
    settings.configure(DATABASES={}, USE_TZ=True, INSTALLED_APPS=[])
    django.setup()


class Customer(models.Model):
    full_name = models.TextField()
    email = models.TextField()
    note = models.TextField()
    balance = models.DecimalField(max_digits=12, decimal_places=2)
    joined = models.DateTimeField()
    active = models.BooleanField()
    profile = models.JSONField()
    uid = models.UUIDField()

    class Meta:
        app_label, db_table, managed = "shop", "customers", False


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.DO_NOTHING, related_name="orders")
    customer_email = models.TextField()
    total = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        app_label, db_table, managed = "shop", "orders", False


class Thing(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.TextField()
    size = models.IntegerField()

    class Meta:
        app_label, db_table, managed = "shop", "things", False


def database(login: SessionLogin, *, server_side_binding: bool = False, cursors: bool = False) -> dict[str, Any]:
    """``cursors``: Django may use SQL cursors, as is its default."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": login.database,
        "HOST": login.host,
        "PORT": login.port,
        "USER": login.user,
        "PASSWORD": login.secret,
        "OPTIONS": {"sslmode": "disable", "server_side_binding": server_side_binding},
        "DISABLE_SERVER_SIDE_CURSORS": not cursors,
    }


def use(databases: dict[str, dict[str, Any]]) -> None:
    """These are Django's databases from now on."""
    connections.settings = connections.configure_settings({"default": {}} | databases)
