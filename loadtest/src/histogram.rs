//! A log-linear histogram of durations. A value is known by its highest bit and the seven bits
//! below it, so it is at most 1/128 (0.8 %) off, from a nanosecond to many hours; values below 128
//! are exact. 57 KiB each, and adding a value is an increment.

const SUB_BITS: u32 = 7;
const SUB: usize = 1 << SUB_BITS;
const BUCKETS: usize = (64 - SUB_BITS as usize + 1) * SUB;

#[derive(Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Histogram")
            .field("total", &self.total)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: 0 }
    }
}

impl Histogram {
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.counts[bucket(value)] += 1;
        self.total += 1;
        self.max = self.max.max(value);
    }

    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn max(&self) -> u64 {
        self.max
    }

    /// The smallest value that at least this share of all values do not exceed (0.99 for p99),
    /// rounded up to its bucket's end; 0 while there are none.
    pub fn quantile(&self, share: f64) -> u64 {
        let rank = ((share * self.total as f64).ceil() as u64).clamp(1, self.total.max(1));
        let mut below = 0;
        for (index, count) in self.counts.iter().enumerate() {
            below += count;
            if below >= rank {
                return highest(index).min(self.max);
            }
        }
        self.max
    }
}

fn bucket(value: u64) -> usize {
    let shift = (64 - value.leading_zeros()).saturating_sub(SUB_BITS + 1);
    shift as usize * SUB + (value >> shift) as usize
}

/// The highest value that falls into this bucket.
fn highest(index: usize) -> u64 {
    if index < 2 * SUB {
        return index as u64;
    }
    let shift = index / SUB - 1;
    let lead = (index - shift * SUB) as u64;
    (lead << shift) | ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn a_bucket_is_never_more_than_one_part_in_128_wide_and_buckets_tile_all_numbers() {
        let mut rng = Rng::new(3);
        for bits in 0..64 {
            for _ in 0..100 {
                let value = rng.next() >> bits;
                let top = highest(bucket(value));
                assert!(top >= value && top - value <= value / 128, "{value} -> {top}");
                assert_eq!(bucket(top), bucket(value));
                assert!(top == u64::MAX || bucket(top + 1) == bucket(value) + 1);
            }
        }
        assert!(bucket(u64::MAX) < BUCKETS);
    }

    #[test]
    fn percentiles_are_within_one_percent_of_sorted_values() {
        let mut rng = Rng::new(7);
        for spread in [8, 20, 40] {
            let mut values: Vec<u64> = (0..20_000).map(|_| rng.next() >> (60 - spread)).collect();
            let mut histogram = Histogram::default();
            for &value in &values {
                histogram.add(value);
            }
            values.sort_unstable();
            for share in [0.001, 0.5, 0.9, 0.99, 0.999, 1.0] {
                let rank = (share * values.len() as f64).ceil() as usize;
                let exact = values[rank.max(1) - 1];
                let told = histogram.quantile(share);
                assert!(told >= exact && told - exact <= exact / 100, "{share}: {told} {exact}");
            }
            assert_eq!(histogram.max(), values[values.len() - 1]);
        }
    }

    #[test]
    fn merged_histograms_are_as_one_that_saw_everything() {
        let [mut one, mut other, mut both] = [(); 3].map(|()| Histogram::default());
        for value in 0..1_000 {
            if value % 3 == 0 { &mut one } else { &mut other }.add(value * 17);
            both.add(value * 17);
        }
        one.merge(&other);
        assert_eq!(one.quantile(0.5), both.quantile(0.5));
        assert_eq!((one.total(), one.max()), (both.total(), both.max()));
        assert_eq!(Histogram::default().quantile(0.5), 0);
    }
}
