//! How many cards may get keys in an hour: so many by one operator, so many at the station. Whoever sits there all night
//! cannot make more badges than a day's queue has.

use lanyard_model::{Id, UnixMs};
use serde::{Deserialize, Serialize};

use crate::KeysError;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Cards an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// By one operator.
    pub operator: u32,
    /// At the station.
    pub station: u32,
}

impl Default for Limits {
    /// A quick operator needs a minute a badge; a station has two desks at most.
    fn default() -> Self {
        Self { operator: 60, station: 120 }
    }
}

impl Limits {
    /// The most that can be set: the uses of an hour are kept one by one.
    pub const MOST: u32 = 10_000;

    /// Whether they make sense: at least one, an operator no more than the station.
    ///
    /// # Errors
    /// [`KeysError::LimitBounds`].
    pub fn checked(self) -> Result<Self, KeysError> {
        if (1..=self.station).contains(&self.operator) && self.station <= Self::MOST {
            Ok(self)
        } else {
            Err(KeysError::LimitBounds { most: Self::MOST })
        }
    }
}

/// The uses of the last hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uses(Vec<(i64, Id)>);

impl Uses {
    /// One more, by this operator, now; or when it goes on. A use from the future (a clock that was set back) counts until
    /// an hour after its own time: setting the clock back makes no room.
    ///
    /// # Errors
    /// [`KeysError::LimitReached`].
    pub fn admit(&mut self, operator: Id, limits: Limits, now: UnixMs) -> Result<(), KeysError> {
        self.0.retain(|(at, _)| *at > now.0 - HOUR_MS);
        self.0.sort_unstable_by_key(|(at, _)| *at);
        let own: Vec<i64> = self.0.iter().filter(|(_, who)| *who == operator).map(|(at, _)| *at).collect();
        let all: Vec<i64> = self.0.iter().map(|(at, _)| *at).collect();
        for (per, uses, most) in [("operator", own, limits.operator), ("station", all, limits.station)] {
            let most = most as usize;
            if uses.len() >= most {
                // It goes on once so many are older than an hour that one more fits.
                let free = uses.get(uses.len() - most).copied().unwrap_or(now.0);
                return Err(KeysError::LimitReached { per, most: most as u32, again: UnixMs(free + HOUR_MS) });
            }
        }
        self.0.push((now.0, operator));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Id = Id([1; 16]);
    const BEN: Id = Id([2; 16]);
    const NOON: i64 = 1_795_478_400_000;
    const MINUTE: i64 = 60_000;

    fn at(minutes: i64) -> UnixMs {
        UnixMs(NOON + minutes * MINUTE)
    }

    #[test]
    fn an_operator_who_reached_the_limit_goes_on_when_the_oldest_use_is_an_hour_old() {
        let limits = Limits { operator: 3, station: 5 };
        let mut uses = Uses::default();
        for minute in [0, 10, 20] {
            uses.admit(ANNA, limits, at(minute)).unwrap();
        }
        let refused = KeysError::LimitReached { per: "operator", most: 3, again: at(60) };
        assert_eq!(uses.admit(ANNA, limits, at(59)), Err(refused));
        uses.admit(ANNA, limits, at(60)).unwrap();
        assert!(uses.admit(ANNA, limits, at(60)).is_err(), "one went, one came");
        // Somebody else has room, until the station has none.
        uses.admit(BEN, limits, at(60)).unwrap();
        uses.admit(BEN, limits, at(61)).unwrap();
        let refused = KeysError::LimitReached { per: "station", most: 5, again: at(70) };
        assert_eq!(uses.admit(BEN, limits, at(62)), Err(refused));
    }

    #[test]
    fn a_clock_set_back_makes_no_room_and_a_night_long_no_more_than_the_limit_gets_through() {
        let limits = Limits { operator: 2, station: 2 };
        let mut uses = Uses::default();
        uses.admit(ANNA, limits, at(600)).unwrap();
        uses.admit(ANNA, limits, at(601)).unwrap();
        assert!(uses.admit(ANNA, limits, at(0)).is_err());
        let mut uses = Uses::default();
        let limits = Limits::default();
        let mut through = Vec::new();
        for minute in 0..8 * 60 * 10 {
            let now = UnixMs(NOON + minute * MINUTE / 10);
            if uses.admit(ANNA, limits, now).is_ok() {
                through.push(now.0);
            }
            let hour = through.iter().filter(|at| **at > now.0 - HOUR_MS).count();
            assert!(hour <= 60, "{hour}");
        }
        assert_eq!(through.len(), 8 * 60);
    }

    #[test]
    fn a_lowered_limit_holds_at_once_and_says_the_right_time() {
        let mut uses = Uses::default();
        for minute in 0..10 {
            uses.admit(ANNA, Limits::default(), at(minute)).unwrap();
        }
        let lowered = Limits { operator: 2, station: 120 };
        assert_eq!(
            uses.admit(ANNA, lowered, at(11)),
            Err(KeysError::LimitReached { per: "operator", most: 2, again: at(68) })
        );
        assert!(uses.clone().admit(ANNA, lowered, at(67)).is_err());
        assert!(uses.admit(ANNA, lowered, at(68)).is_ok());
    }

    #[test]
    fn limits_that_would_lock_everybody_out_or_none_are_refused() {
        for (operator, station) in [(0, 10), (11, 10), (1, 10_001)] {
            assert!(Limits { operator, station }.checked().is_err());
        }
        assert!(Limits::default().checked().is_ok());
    }
}
