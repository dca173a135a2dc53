"""The relay: takes due runs from PostgreSQL and delivers them to their bots.

One thread looks after everything in the database: it claims, builds deliveries and books their answers. A pool of threads carries them,
and touches neither the database nor each other, so an endpoint that is slow holds up nothing but its own few deliveries. The relay
keeps nothing: what it had in hand when it is killed comes back by the lease. Several relays may run at once.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import structlog
from django.db import Error, InterfaceError, OperationalError, connection

from bots import budgets, courier, waiting, wakeups
from bots.alarms import Alarms
from bots.breaker import Breakers
from bots.courier import Parcel, Verdict
from bots.deliveries import cancellation_of, delivery_of
from bots.doorbell import Doorbell
from bots.errors import NotFound
from bots.models import Run
from bots.models.queue import PER_ENDPOINT
from chat import uploading

log = structlog.get_logger(__name__)

CAPACITY = 128
POLL = 5.0
DRAIN = 15.0
AGAIN = 1.0
# A cancellation that is not taken is sent again after 1, 2, 4, 8 and 16 s, from memory: a step that streams nothing hears of it so.
CANCELLATIONS = 6
CANCELLATION_AGAIN = 1.0


class Relay:
    def __init__(self, *, capacity: int = CAPACITY, per_endpoint: int = PER_ENDPOINT) -> None:
        self._capacity = capacity
        self._per_endpoint = per_endpoint
        self._pool = ThreadPoolExecutor(capacity, thread_name_prefix="courier")
        self._answers: queue.SimpleQueue[tuple[Parcel, Verdict]] = queue.SimpleQueue()
        self._in_hand: Counter[str] = Counter()
        self._breakers = Breakers()
        self._doorbell = Doorbell()
        self._alarms = Alarms()
        self._later: list[tuple[float, Parcel]] = []
        self._sweep_at = 0.0
        self._stopping = False

    def run(self) -> None:
        """Work until told to stop, then finish what is in hand."""
        log.info("relay_started", capacity=self._capacity)
        while not self._stopping:
            self._hear(self._doorbell.wait(self._survive(self.turn)))
        self._drain()
        log.info("relay_stopped", in_hand=self._in_hand.total())

    def stop(self) -> None:
        self._stopping = True
        self._doorbell.ring()

    def turn(self) -> float:
        """Book the answers, sweep when it is time, deliver what is due. The seconds until there may be more to do."""
        self._book_answers()
        if time.monotonic() >= self._sweep_at:
            self._sweep()
        self._probe()
        self._send_again()
        return self._deliver_due()

    # Delivering

    def _deliver_due(self) -> float:
        away = self._breakers.open_endpoints()
        if away:
            Run.objects.tell_unreachable(away)
        free = self._capacity - self._in_hand.total()
        if free > 0:
            for run in Run.objects.claim(free, busy=self._busy(away), per_endpoint=self._per_endpoint):
                self._send(run)
        moments = [self._sweep_at, *(when for when, _ in self._later)]
        waits = (min(moments) - time.monotonic(), Run.objects.next_due(), self._breakers.next_probe_in())
        return max(0.0, min(wait for wait in waits if wait is not None))

    def _busy(self, away: list[str]) -> dict[str, int]:
        """What each endpoint has in hand; those that are away count as full, those that failed last as full but for one."""
        full, in_hand = self._per_endpoint, dict(self._in_hand)
        suspects = {endpoint: full - 1 + in_hand.get(endpoint, 0) for endpoint in self._breakers.suspects()}
        return {**in_hand, **suspects, **dict.fromkeys(away, full)}

    def _probe(self) -> None:
        for endpoint in self._breakers.to_probe():
            for run in Run.objects.probe(endpoint):
                if self._send(run):
                    self._breakers.probing(endpoint)

    def _send(self, run: Run) -> bool:
        """Build the delivery and hand it over. Whether there was one."""
        try:
            if words := budgets.refusal_of(run):
                run.fail(budgets.SPENT, words)
                return False
            body = delivery_of(run)
        except Error:
            raise
        except Exception:
            log.exception("delivery_not_built", run=str(run.pk))
            run.not_delivered("relay_error")
            return False
        if body is None:
            run.fall_silent("nothing_to_answer", "What was asked has been taken back, or lies before a /reset.")
            return False
        self._hand_over(Parcel(run.bot.endpoint, run.bot.secret, body, run))
        return True

    def _hand_over(self, parcel: Parcel) -> None:
        self._in_hand[parcel.endpoint] += 1
        self._pool.submit(self._carry, parcel)

    def _carry(self, parcel: Parcel) -> None:
        self._answers.put((parcel, courier.carry(parcel)))
        self._doorbell.ring()

    # Answers

    def _book_answers(self) -> float:
        while True:
            try:
                parcel, verdict = self._answers.get_nowait()
            except queue.Empty:
                return 0.0
            try:
                self._book(parcel, verdict)
            except (OperationalError, InterfaceError):
                self._answers.put((parcel, verdict))  # the database is away: this is still to be booked
                raise
            except Exception:
                log.exception("answer_not_booked", run=parcel.body["run"])  # its lease will bring it back
            self._in_hand -= Counter([parcel.endpoint])

    def _book(self, parcel: Parcel, verdict: Verdict) -> None:
        if parcel.run is not None:
            with contextlib.suppress(NotFound):  # deleted meanwhile, with its bot
                parcel.run.accepted() if verdict.taken else parcel.run.not_delivered(verdict.reason)
        fields = {
            "run": parcel.body["run"],
            "attempt": parcel.body["attempt"],
            "bot": parcel.body["bot"]["name"],
            "ms": round(verdict.ms, 1),
        }
        if verdict.taken:
            log.info("delivered", kind=parcel.body["type"], **fields)
        else:
            log.warning("not_delivered", kind=parcel.body["type"], reason=verdict.reason, detail=verdict.detail, **fields)
        if parcel.run is None and verdict.away:
            self._keep(parcel)
        # What is only sent again tells nothing new of an endpoint that is away, and must not put off its probe.
        if verdict.taken or not parcel.sent:
            self._judge(parcel.endpoint, verdict)

    def _judge(self, endpoint: str, verdict: Verdict) -> None:
        if verdict.away:
            if self._breakers.failed(endpoint):
                log.warning("endpoint_away", endpoint=endpoint, reason=verdict.reason)
        elif self._breakers.answered(endpoint):
            log.info("endpoint_back", endpoint=endpoint, due=Run.objects.recover(endpoint))

    # Housekeeping

    def _sweep(self) -> None:
        expired = Run.objects.expire_leases()
        if expired:
            log.warning("leases_ran_out", runs=expired)
        Run.objects.give_up()
        uploading.sweep()
        waiting.expire()
        self._alarms.turn()
        self._sweep_at = time.monotonic() + POLL

    def _hear(self, payloads: list[str]) -> None:
        if wakeups.BOTS in payloads:
            self._sweep_at = 0.0
        stopped = [cancelled for payload in payloads if (cancelled := wakeups.as_cancelled(payload))]
        if stopped:
            self._survive(lambda: self._tell_cancelled(stopped))

    def _tell_cancelled(self, stopped: list[wakeups.Cancelled]) -> float:
        """Best effort: the attempt is fenced already, this only saves the bot the work."""
        attempts = dict(stopped)
        for run in Run.objects.filter(pk__in=attempts).select_related("bot__user"):
            body = cancellation_of(str(run.pk), attempts[str(run.pk)], run.bot.name)
            self._hand_over(Parcel(run.bot.endpoint, run.bot.secret, body))
        return 0.0

    def _keep(self, parcel: Parcel) -> None:
        sent = parcel.sent + 1
        if sent < CANCELLATIONS:
            self._later.append((time.monotonic() + CANCELLATION_AGAIN * 2**parcel.sent, replace(parcel, sent=sent)))

    def _send_again(self) -> None:
        now = time.monotonic()
        due = [parcel for when, parcel in self._later if when <= now]
        self._later = [(when, parcel) for when, parcel in self._later if when > now]
        for parcel in due:
            self._hand_over(parcel)

    def _survive(self, work: Callable[[], float]) -> float:
        """Do some work in the database; when that is away, look again in a second with a new connection."""
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            log.warning("database_away", error=str(error).strip())
        except Exception:
            log.exception("relay_turn_failed")
        connection.close()
        return AGAIN

    def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN
        while self._in_hand and time.monotonic() < deadline:
            self._survive(self._book_answers)
            if self._in_hand:
                self._doorbell.wait(deadline - time.monotonic())
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._alarms.close()
        self._doorbell.close()
