"""Making a replay live: the offsets from which it holds are fixed, and what it decides differently is published.

Step 1. The generation. Where live already decides as the replay did, it is live's. Else live has to stop: with no
   worker in the group, what is committed is where the new generation begins (C), and that is written to ``pipeline``.
   From then on only workers with the replay's knowledge start.
Step 2. The replay goes on to C, where its end was not asked for.
Step 3. What differs from what stands is put onto news.enriched, as that generation.

Each step looks at what is there and does what is missing: after a crash the same command goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import msgspec

from agents.enrich.enrich import Knowledge
from agents.publish.withdraw import superseded
from schemas.envelope import REPLAY
from schemas.errors import BrokerError, ConfigError
from schemas.pipeline import Generation
from schemas.record import Output
from schemas.replay import Promotion, Replay
from schemas.times import to_milliseconds
from streams import generations
from streams.operator import timestamp
from streams.outcomes import feed_of
from streams.replay import registry, reprocess
from streams.replay.fence import fenced
from streams.replay.join import Comparison, Joined, split
from streams.replay.leg import Pace, Progress
from streams.replay.positions import raw_positions
from streams.replay.run import by_partition, check_knowledge, run
from streams.replay.watch import clear
from streams.scan import scan, scan_bounds
from streams.suppression import load as load_suppression
from streams.table import CLOCK_SKEW_MS, ENRICHED
from streams.writing import send_all, writer

if TYPE_CHECKING:
    from streams.settings import Settings

_AT_A_TIME = 500


async def promote(
    settings: Settings,
    replay: Replay,
    knowledge: Knowledge,
    *,
    rate: float | None = None,
    progress: Progress = lambda *_: None,
    waiting: Callable[[int], None] = lambda _: None,
    began: Callable[[Generation], None] = lambda _: None,
) -> Replay:
    """Make a replay live, from the beginning or from where an earlier attempt was; return it as it is then.

    Args:
        settings: The settings.
        replay: A replay that is finished.
        knowledge: What it decided with.
        rate: Records and events a second at most.
        progress: Told how far it is.
        waiting: Told how many live workers have to stop first.
        began: Told the generation once live may go on with it.

    Raises:
        ConfigError: The replay is not finished, or was begun with other knowledge.
        BrokerError: The broker failed; the same command goes on.
    """
    check_promotable(replay)
    check_knowledge(settings, replay, knowledge)
    generation = await live_generation(settings, replay, knowledge)
    if generation is None:
        generation = await _begin(settings, replay, waiting)
        began(generation)
    promotion = replay.promotion
    if promotion is None:
        promotion = Promotion(generation=generation.generation, valid_from=generation.valid_from, started=timestamp())
        end = await _end(settings, replay, generation)
        replay = msgspec.structs.replace(replay, state="promoting", promotion=promotion, end=end)
        replay = await registry.write(settings, replay)
    replay = await run(settings, replay, knowledge, rate=rate, progress=progress)

    await _publish(settings, replay, generation.generation, rate, progress)
    return await _finish(settings, replay, promotion)


def check_promotable(replay: Replay) -> None:
    """Refuse what cannot be promoted.

    Raises:
        ConfigError: It is not finished, or has ended.
    """
    if replay.state == "running":
        raise ConfigError(f"replay {replay.id} is not finished: `geowire replay run {replay.id} --execute` goes on")
    if replay.state in ("promoted", "aborted"):
        raise ConfigError(f"replay {replay.id} is {replay.state} already")


async def live_generation(settings: Settings, replay: Replay, knowledge: Knowledge) -> Generation | None:
    """Return the replay's generation, where an earlier attempt began it, or live decides as the replay by itself."""
    known = await generations.read(settings)
    promoted = next((generation for generation in known if generation.replay == replay.id), None)
    if promoted is not None or not known or replay.source == "raw":
        return promoted  # what dedupe passes on may have changed without the knowledge
    return known[-1] if generations.is_of(known[-1], settings, knowledge.pipeline) else None


async def _begin(settings: Settings, replay: Replay, waiting: Callable[[int], None]) -> Generation:
    """Begin the replay's generation where live has stopped."""
    async with fenced(settings, waiting):
        known = await generations.read(settings)
        generation = Generation(
            generation=known[-1].generation + 1 if known else 1,
            version=replay.version,
            knowledge=replay.knowledge,
            text=replay.text,
            valid_from=await generations.committed(settings),
            started=timestamp(),
            replay=replay.id,
        )
        await generations.append(settings, generation)
        # Two promotions at a time: the first record of a number counts.
        newest = (await generations.read(settings))[-1]
    if newest.replay != replay.id:
        raise BrokerError(f"generation {newest.generation} was begun by another meanwhile: look, and promote again")
    return newest


async def _end(settings: Settings, replay: Replay, generation: Generation) -> dict[str, int]:
    """Return where the replay has to end: at what was asked for, else where the generation begins."""
    if not replay.open_end:
        return replay.end
    fixed = by_partition(generation.valid_from)
    if replay.source == "raw":
        (fixed,) = await raw_positions(settings, [fixed])
    return {p: max(end, fixed.get(int(p), 0)) for p, end in replay.end.items()}


async def _publish(settings: Settings, replay: Replay, generation: int, rate: float | None, progress: Progress) -> None:
    """Publish what differs and is not of this generation yet."""
    pace = Pace(rate)
    suppressed = await load_suppression(settings)
    async with Comparison(settings, replay) as comparison, writer(settings) as producer:
        async for joined in comparison.partitions():
            batch: list[Output] = []
            async for output in _outputs(comparison, joined, replay, generation):
                if suppressed.holds((output.key or b"").decode(), feed_of(dict(output.headers))):
                    continue
                if output.stream == ENRICHED.name:
                    await pace.wait(1)
                batch.append(output)
                if len(batch) >= _AT_A_TIME or rate is not None:
                    await send_all(settings, producer, batch)
                    batch.clear()
            await send_all(settings, producer, batch)
            progress("publish", joined.partition + 1, len(replay.end))


async def _published(settings: Settings, replay: Replay, promotion: Promotion) -> dict[str, int]:
    """Count what all attempts together have published, by reason."""
    topic = settings.stream(ENRICHED.name)
    seen: set[bytes] = set()
    counts: Counter[str] = Counter()
    bounds = await scan_bounds(settings, topic, since=to_milliseconds(promotion.started) - CLOCK_SKEW_MS)
    async for record in scan(settings, topic, bounds):
        head = dict(record.headers)
        if head.get(REPLAY) == replay.id.encode() and head["ce_id"] not in seen:
            seen.add(head["ce_id"])
            counts[head["ce_reason"].decode()] += 1
    return dict(sorted(counts.items()))


async def _outputs(comparison: Comparison, joined: Joined, replay: Replay, generation: int) -> AsyncIterator[Output]:
    """Yield what one partition has to publish, in order: an earlier attempt's events are of this generation already."""
    to_do = {key: change for key, change in joined.changed.items() if change.old.generation < generation}
    async for key, record in comparison.new_events(joined.partition):
        if key in to_do and to_do[key].new == record.offset:
            event = reprocess.read(record.value)
            old = msgspec.structs.replace(
                superseded(event),
                origin=to_do[key].old.origin.decode(),
                generation=to_do[key].old.generation,
            )
            event = reprocess.reprocessed(event, old=old, generation=generation)
        elif joined.added.get(key) == record.offset:
            event = reprocess.added(reprocess.read(record.value), generation=generation)
        else:
            continue
        for output in reprocess.outputs(event, partition=joined.partition, key=record.key, replay=replay):
            yield output
    for key, old_event in joined.gone.items():
        if old_event.generation < generation:
            item, fetched = split(key)
            gone = reprocess.read(await comparison.event(comparison.old_topic, joined.partition, old_event.offset))
            event = reprocess.withdrawn(gone, generation=generation)
            kept = joined.kept.get(item)
            latest = max(split(other)[1] for other in joined.gone if split(other)[0] == item)
            if kept is not None and kept.fetched < fetched == latest:
                standing = await comparison.event(kept.topic, joined.partition, kept.offset)
                event = reprocess.carried(reprocess.read(standing), gone=gone, generation=generation)
            for output in reprocess.outputs(event, partition=joined.partition, key=item, replay=replay):
                yield output


async def _finish(settings: Settings, replay: Replay, promotion: Promotion) -> Replay:
    now = timestamp()
    promotion = msgspec.structs.replace(
        promotion, finished=now, published=await _published(settings, replay, promotion)
    )
    await clear(settings, replay)
    return await registry.write(
        settings, msgspec.structs.replace(replay, state="promoted", promotion=promotion, ended=now)
    )
