//! The steps that bring tables up to date, and which programs may use what came of them.
//!
//! A program is known by how many steps it knows. During an upgrade, and after one that was taken back,
//! it meets tables that have more steps than that: each step says who can work with its result.

/// One change of the tables. One that was released never changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Statements in the store's own language.
    pub code: &'static str,
    /// The oldest program that can work with the tables after this step, or the step's own number where
    /// no older one can. What makes a step safe for the program before it is said in
    /// `docs/decisions/0024-one-version-beside-the-next.md`.
    pub oldest: u32,
}

/// How far tables were brought, and the oldest program that can work with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tables {
    pub version: u32,
    pub oldest: u32,
}

impl Tables {
    /// After one more step.
    pub fn after(self, version: u32, oldest: u32) -> Self {
        Self { version: self.version.max(version), oldest: self.oldest.max(oldest) }
    }

    /// Whether a program that knows so many steps can work with them, once it has done what is missing.
    pub fn suit(self, known: u32) -> bool {
        self.oldest <= known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_works_with_newer_tables_where_every_step_beyond_it_says_so() {
        let tables = |steps: &[u32]| {
            let steps = steps.iter().zip(1..);
            steps
                .fold(Tables::default(), |tables, (oldest, version)| tables.after(version, *oldest))
        };
        assert!(Tables::default().suit(1), "there are none yet");
        assert!(tables(&[1, 2]).suit(3), "they are older");
        assert!(tables(&[1, 1, 2]).suit(2) && !tables(&[1, 1, 2]).suit(1));
        assert!(tables(&[1, 1, 1]).suit(1), "two steps ahead");
        assert!(!tables(&[1, 2, 1]).suit(1), "one of them doesn't");
        assert_eq!(tables(&[1, 2, 1]), Tables { version: 3, oldest: 2 });
    }
}
