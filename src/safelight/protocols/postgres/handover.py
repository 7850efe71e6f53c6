"""From the fast path (``rust/fastpath``) to the slow one: what native code has done becomes the conversation's own,
as if it had forwarded every message itself.
"""

from safelight import _native
from safelight.protocols.postgres.bind import decode_bind
from safelight.protocols.postgres.conversation import IDLE, IN_BLOCK, Conversation
from safelight.protocols.postgres.flights import Flight
from safelight.protocols.postgres.plan import MessagePlan
from safelight.protocols.postgres.registry import PORTAL, STATEMENT, Portal, Prepared

UNNAMED = b""


def take_over(talk: Conversation) -> None:
    """The slow path goes on from here, until :func:`rest`."""
    statement, portal, flight = talk.fast.surrender()
    if statement is not None:
        plan, text = statement
        talk.registry.happened(STATEMENT, UNNAMED, Prepared(text, plan))
    if portal is not None:
        plan, text, bound = portal
        talk.registry.happened(PORTAL, UNNAMED, Portal(Prepared(text, plan), decode_bind(bound).parameters))
    if flight is not None:
        _depart(talk, flight)


def _depart(talk: Conversation, flight: "_native.Flight[MessagePlan]") -> None:
    if flight.batch is not None:
        _batch(talk, flight.batch, flight.plan)
    statement = flight.plan.statements[0]
    authorized = (talk.gate.intended(statement, flight.intent),)
    departed = Flight(authorized, flight.started_micros, extended=flight.batch is not None)
    if flight.completed:
        departed.at = 1
    if not (flight.completed and departed.extended):
        talk.flights.depart(flight.execute_token, departed)
    talk.flights.batch_ends.append(flight.end_token)
    talk.registry.batch_ends()


def _batch(talk: Conversation, batch: _native.FlightBatch, plan: MessagePlan) -> None:
    prepared = Prepared(batch.text, plan)
    if batch.parse_token is not None:
        talk.registry.departed(batch.parse_token, STATEMENT, UNNAMED, prepared)
        talk.named.append((batch.parse_token, plan.statements))
    portal = Portal(prepared, decode_bind(batch.bound).parameters)
    talk.registry.departed(batch.bind_token, PORTAL, UNNAMED, portal)
    talk.named.append((batch.bind_token, plan.statements))
    if batch.describe_token is not None:
        talk.named.append((batch.describe_token, plan.statements))


def rest(talk: Conversation) -> None:
    """Let the fast path take the next message if nothing is open and nothing is waited for."""
    if (
        not (talk.stream.pending or talk.busy or talk.flights.open or talk.denials or talk.watched)
        and not (talk.batch_open or talk.skip_to_sync or talk.copy_in.token)
        and talk.status in (IDLE, IN_BLOCK)
    ):
        talk.answered(0)
        talk.fast.rest(talk.status == IDLE)
