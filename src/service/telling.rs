//! Telling others of what was stored: in time, under a claim, or as soon as the bus is back.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use tracing::{Instrument, trace_span};

use super::{Answered, Refusal, Service};
use crate::bus::{BusResult, Publication};
use crate::domain::cursor::LATE_MS;
use crate::domain::rules::Rule;
use crate::observe;
use crate::protocol::codes::ErrorCode;
use crate::protocol::{Control, Event, EventId, Frame, MessageId, Topic, UserId};
use crate::stops;
use crate::store::Unpublished;
use crate::trace;

/// What could not be published is looked for this often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What is read of it at a time, and published at the same time.
const LEFT: usize = 200;
const AT_ONCE: usize = 16;

/// A state younger than this is told again where nothing says that it was told.
const AGAIN_WITHIN_MS: u64 = 10 * 60 * 1000;

/// An id, and when it was taken.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    pub id: EventId,
    /// By a clock that doesn't go back; `None`: too long ago to be published under.
    pub at: Option<Instant>,
}

impl Taken {
    fn is_on_time(&self) -> bool {
        let late = Duration::from_millis(LATE_MS);
        !Rule::Late.holds() || self.at.is_some_and(|at| at.elapsed() <= late)
    }
}

/// An event to be told.
pub(super) struct Telling {
    pub topic: Topic,
    pub control: Option<Control>,
    pub event: Event,
}

impl Telling {
    pub fn to(topic: Topic, event: Event) -> Self {
        Self { topic, control: crate::store::catch_up::control(topic, &event), event }
    }
}

/// The claim under which a message is published.
#[derive(Clone)]
pub(super) struct Claimed {
    pub author: UserId,
    pub nonce: String,
    pub id: MessageId,
}

impl Service {
    pub(super) fn take_id(&self) -> Answered<Taken> {
        let at = Some(Instant::now());
        let reference = self.reference_ms()?;
        Ok(Taken { id: self.0.clock.next(reference, rand::random()), at })
    }

    /// Runs to its end, even when whoever waits goes away.
    pub(super) async fn to_its_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Answered<T>> + Send + 'static,
    ) -> Answered<T> {
        self.0
            .tasks
            .spawn(work.in_current_span())
            .await
            .map_err(|_| Refusal::of(ErrorCode::Internal))?
    }

    /// Publishes events that are stored, in this order, under the id that was taken for them. Where
    /// that is too old by now, cursors may have passed it: then each is logged under a new id first,
    /// and published under that. Where the bus is out of reach, they are written down for whoever
    /// reaches it first.
    pub(super) async fn tell(&self, taken: Taken, tellings: Vec<Telling>) -> Answered<()> {
        match self.tell_claimed(taken, &tellings, None).await? {
            Ok(true) => {}
            Ok(false) | Err(_) => self.leave_unpublished(&tellings).await?,
        }
        for telling in &tellings {
            if let Some(version) = telling.event.version() {
                self.0.known.told.insert(version, ());
            }
        }
        Ok(())
    }

    /// The same, once, where the claim still stands: `false` inside where it does not.
    pub(super) async fn tell_claimed(
        &self,
        taken: Taken,
        tellings: &[Telling],
        claimed: Option<&Claimed>,
    ) -> Answered<BusResult<bool>> {
        let mut taken = taken;
        loop {
            if !taken.is_on_time() {
                observe::LATE.add("", tellings.len() as u64);
                taken = self.take_id()?;
                for telling in tellings {
                    self.0.store.log_change(telling.topic, taken.id, &telling.event).await?;
                }
                stops::pass("logged_again").await;
            }
            let published = self.publish(taken, tellings, claimed).await;
            // It may have taken too long just now.
            if !matches!(published, Ok(true)) || taken.is_on_time() {
                return Ok(published);
            }
        }
    }

    /// Tells a state again that this node has not told: whoever stored it may have died before.
    pub(super) async fn tell_again(&self, telling: Telling) -> Answered<()> {
        let Some(version) = telling.event.version() else { return Ok(()) };
        let old = version.millis() + AGAIN_WITHIN_MS < self.now_ms()?;
        if old || self.0.known.told.contains_key(&version) {
            return Ok(());
        }
        self.tell(Taken { id: version, at: None }, vec![telling]).await
    }

    /// Publishes at once, whatever becomes of it.
    pub(super) async fn publish(
        &self,
        taken: Taken,
        tellings: &[Telling],
        claimed: Option<&Claimed>,
    ) -> BusResult<bool> {
        let span = trace_span!(target: trace::TARGET, "publish", otel.kind = "producer");
        let trace = trace::parent(&span);
        let publication = |telling: &Telling| Publication {
            topic: telling.topic,
            // A state that was changed at the same time has a version a little above.
            event_id: telling.event.version().map_or(taken.id, |version| version.max(taken.id)),
            control: telling.control,
            frame: Frame::of(&telling.event).traced(trace),
        };
        let began = Instant::now();
        let bus = &self.0.bus;
        let publishing = async {
            match (claimed, tellings) {
                (Some(claimed), [telling]) if Rule::Recheck.holds() => {
                    let Claimed { author, nonce, id } = claimed;
                    bus.publish_claimed(publication(telling), *author, nonce, *id).await
                }
                _ => bus.publish(tellings.iter().map(publication).collect()).await.map(|()| true),
            }
        };
        let published = publishing.instrument(span).await?;
        observe::BUS_CALL.time("publish", began);
        Ok(published)
    }

    async fn leave_unpublished(&self, tellings: &[Telling]) -> Answered<()> {
        if !Rule::Unpublished.holds() {
            return Ok(());
        }
        let note = |telling: &Telling| {
            let id = self.take_id()?.id;
            Ok(Unpublished { id, topic: telling.topic, event: telling.event.clone() })
        };
        let left = tellings.iter().map(note).collect::<Answered<Vec<_>>>()?;
        observe::UNPUBLISHED.add("", left.len() as u64);
        self.0.store.note_unpublished(&left).await?;
        stops::pass("left_unpublished").await;
        Ok(())
    }

    /// Publishes what any node could not, once the bus is back. Runs until dropped.
    pub(super) async fn keep_publishing(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY.mul_f64(rand::random_range(0.5..1.5))).await;
            while self.0.bus.is_reachable() {
                match self.publish_left().await {
                    Ok(LEFT) => {}
                    Ok(_) => break,
                    Err(refusal) => {
                        let code = refusal.code.as_str();
                        tracing::warn!(code, "what could not be published has to wait");
                        break;
                    }
                }
            }
        }
    }

    /// Publishes the oldest of what is left; how many that was.
    async fn publish_left(&self) -> Answered<usize> {
        let left = self.0.store.unpublished(LEFT).await?;
        let publish = async |unpublished: Unpublished| {
            let telling = Telling::to(unpublished.topic, unpublished.event.clone());
            let old = Taken { id: unpublished.id, at: None };
            let told = matches!(self.tell_claimed(old, &[telling], None).await?, Ok(true));
            if told {
                self.0.store.forget_unpublished(&[unpublished]).await?;
            }
            Ok::<_, Refusal>(usize::from(told))
        };
        let told = stream::iter(left).map(publish).buffer_unordered(AT_ONCE);
        told.try_fold(0, async |sum, told| Ok(sum + told)).await
    }

    /// Tells whoever follows now. Nobody is promised that it arrives.
    pub(super) async fn whisper(&self, topic: Topic, event: &Event) {
        let _ = self.0.bus.whisper(topic, Frame::of(event)).await;
    }
}
