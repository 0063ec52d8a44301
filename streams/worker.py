"""``geowire work``: the Faust app run as a worker, with our own log lines and event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from aiokafka.errors import KafkaError

from schemas.errors import BrokerError
from streams import logs
from streams.broker import admin
from streams.broker.refusals import unreachable
from streams.loop import Policy

if TYPE_CHECKING:
    from streams.settings import Settings


def work(settings: Settings) -> NoReturn:
    """Run a worker until it is told to stop. Does not return.

    Raises:
        BrokerError: There is no broker.
    """
    # The app does the same when it starts, but then a broker that is not there is said in more than one line.
    asyncio.run(admin.apply(settings))
    logs.configure(settings)
    asyncio.set_event_loop_policy(Policy())
    from streams.app import app  # makes the app, and with it Faust's settings

    worker = app.Worker(loglevel=settings.log_level, override_logging=False, quiet=True, redirect_stdouts=False)
    worker.spinner = None
    try:
        worker.execute_from_commandline()
    except KafkaError as error:
        # Kafka went while Faust started. Once all of it runs, whatever ends it says so itself.
        raise BrokerError(asyncio.run(unreachable(settings, error))) from error
