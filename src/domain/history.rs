//! Pages of a room's history over its time buckets.
//!
//! Messages are stored by room and bucket. A bucket that holds none does not exist, and so costs
//! nothing: [`Walk`] visits only those that do.

use crate::protocol::MessageId;

/// How much time one bucket holds: ten days.
pub const BUCKET_MS: u64 = 10 * 24 * 3600 * 1000;

/// Which ten days since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(pub u32);

impl Bucket {
    /// The bucket that a message stands in.
    pub fn of(id: MessageId) -> Self {
        Self((id.millis() / BUCKET_MS) as u32)
    }
}

/// Which part of a history; the bounds themselves are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Newest,
    Before(MessageId),
    After(MessageId),
}

/// One read: at most `limit` messages of one bucket between the bounds, newest first or oldest
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    pub bucket: Bucket,
    pub above: Option<MessageId>,
    pub below: Option<MessageId>,
    pub newest_first: bool,
    pub limit: usize,
}

/// The reads that give a page, one after the other.
#[derive(Debug)]
pub struct Walk {
    range: Range,
    /// Those that are left, the next one last.
    buckets: Vec<Bucket>,
    missing: usize,
}

impl Walk {
    /// `buckets`: those that the room has, in any order.
    pub fn new(range: Range, limit: usize, mut buckets: Vec<Bucket>) -> Self {
        match range {
            Range::Newest => buckets.sort_unstable(),
            Range::Before(id) => {
                buckets.retain(|bucket| *bucket <= Bucket::of(id));
                buckets.sort_unstable();
            }
            Range::After(id) => {
                buckets.retain(|bucket| *bucket >= Bucket::of(id));
                buckets.sort_unstable_by(|a, b| b.cmp(a));
            }
        }
        Self { range, buckets, missing: limit }
    }

    /// The next read; `None` when the page is full or the history at its end.
    pub fn next_read(&mut self) -> Option<Read> {
        if self.missing == 0 {
            return None;
        }
        let bucket = self.buckets.pop()?;
        let (above, below, newest_first) = match self.range {
            Range::Newest => (None, None, true),
            Range::Before(id) => (None, Some(id), true),
            Range::After(id) => (Some(id), None, false),
        };
        Some(Read { bucket, above, below, newest_first, limit: self.missing })
    }

    /// Says how many messages the last read gave.
    pub fn found(&mut self, count: usize) {
        self.missing = self.missing.saturating_sub(count);
    }

    /// Puts what the reads gave, one after the other, into the order of time.
    pub fn oldest_first<T>(&self, mut page: Vec<T>) -> Vec<T> {
        if !matches!(self.range, Range::After(_)) {
            page.reverse();
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::EventId;
    use proptest::prelude::*;

    fn id(bucket: u64, offset: u64) -> MessageId {
        EventId::floor(bucket * BUCKET_MS + offset).into()
    }

    /// A page as a store would read it, and how many reads it took.
    fn page(history: &[MessageId], range: Range, limit: usize) -> (Vec<MessageId>, usize) {
        let mut buckets: Vec<_> = history.iter().map(|id| Bucket::of(*id)).collect();
        buckets.dedup();
        let mut walk = Walk::new(range, limit, buckets);
        let (mut page, mut reads) = (Vec::new(), 0);
        while let Some(read) = walk.next_read() {
            reads += 1;
            let mut rows: Vec<_> = history
                .iter()
                .copied()
                .filter(|id| Bucket::of(*id) == read.bucket)
                .filter(|id| read.above.is_none_or(|above| *id > above))
                .filter(|id| read.below.is_none_or(|below| *id < below))
                .collect();
            if read.newest_first {
                rows.reverse();
            }
            rows.truncate(read.limit);
            walk.found(rows.len());
            page.extend(rows);
        }
        (walk.oldest_first(page), reads)
    }

    #[test]
    fn three_silent_years_cost_no_read() {
        let mut history: Vec<_> = (0..10).map(|n| id(1_900, n)).collect();
        history.extend((0..3).map(|n| id(1_900 + 110, n)));
        let (newest, reads) = page(&history, Range::Newest, 5);
        assert_eq!(newest, history[8..]);
        assert_eq!(reads, 2);
        let (after, reads) = page(&history, Range::After(history[9]), 5);
        assert_eq!(after, history[10..]);
        assert_eq!(reads, 2);
    }

    proptest! {
        #[test]
        fn a_page_is_what_one_long_list_would_give(
            times in proptest::collection::btree_set((1_900_u64..1_930, 0_u64..50), 0..60),
            pivot in (1_895_u64..1_935, 0_u64..50),
            limit in 0_usize..70,
        ) {
            let history: Vec<_> = times.iter().map(|(bucket, offset)| id(*bucket, *offset)).collect();
            let pivot = id(pivot.0, pivot.1);
            let newest = history.len().saturating_sub(limit);
            prop_assert_eq!(page(&history, Range::Newest, limit).0, &history[newest..]);
            let before: Vec<_> = history.iter().copied().filter(|id| *id < pivot).collect();
            let from = before.len().saturating_sub(limit);
            prop_assert_eq!(page(&history, Range::Before(pivot), limit).0, &before[from..]);
            let after: Vec<_> = history.iter().copied().filter(|id| *id > pivot).take(limit).collect();
            prop_assert_eq!(page(&history, Range::After(pivot), limit).0, after);
        }
    }
}
