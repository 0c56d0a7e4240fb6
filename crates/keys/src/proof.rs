//! How long a proof of a backup holds: a year, with a word a month before. A backup that nobody has tried since is a hope.

use lanyard_model::UnixMs;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const DUE_AFTER_MS: i64 = 335 * DAY_MS;
const OVERDUE_AFTER_MS: i64 = 365 * DAY_MS;

/// How the backup of a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Never proved.
    Missing,
    /// Proved.
    Fresh {
        /// The last moment at which it counts.
        until: UnixMs,
    },
    /// Proved eleven months ago: time to do it again.
    Due {
        /// The last moment at which it counts.
        until: UnixMs,
    },
    /// Proved longer ago than a year.
    Overdue {
        /// Since when.
        since: UnixMs,
    },
}

impl Proof {
    /// Of a backup that was last proved then. A proof from the future is none of a clock to be believed: it holds for a
    /// year from its own time, as any other.
    #[must_use]
    pub fn of(proved: Option<UnixMs>, now: UnixMs) -> Self {
        let Some(proved) = proved else { return Self::Missing };
        let until = UnixMs(proved.0.saturating_add(OVERDUE_AFTER_MS));
        match now.0.saturating_sub(proved.0) {
            age if age > OVERDUE_AFTER_MS => Self::Overdue { since: until },
            age if age >= DUE_AFTER_MS => Self::Due { until },
            _ => Self::Fresh { until },
        }
    }

    /// Whether real cards may be written with it.
    #[must_use]
    pub fn holds(self) -> bool {
        matches!(self, Self::Fresh { .. } | Self::Due { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_warns_after_eleven_months_and_ends_after_twelve() {
        let proved = UnixMs(1_795_478_400_000);
        let after = |days: i64, ms: i64| Proof::of(Some(proved), UnixMs(proved.0 + days * DAY_MS + ms));
        let until = UnixMs(proved.0 + 365 * DAY_MS);
        assert_eq!(Proof::of(None, proved), Proof::Missing);
        assert_eq!(after(335, -1), Proof::Fresh { until });
        assert_eq!(after(335, 0), Proof::Due { until });
        assert_eq!(after(365, 0), Proof::Due { until });
        assert_eq!(after(365, 1), Proof::Overdue { since: until });
        assert!(!after(365, 1).holds() && !Proof::Missing.holds() && after(364, 0).holds());
    }
}
