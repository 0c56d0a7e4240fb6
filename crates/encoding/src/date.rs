//! Days of the calendar, without a clock: what day it is today is always an argument.

use serde::{Deserialize, Serialize};

/// A day, counted from 1970-01-01 (proleptic Gregorian calendar).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(i32);

impl Date {
    /// So many days after 1970-01-01; `None` outside of the years 1 to 9999.
    #[must_use]
    pub fn from_days(days: i64) -> Option<Self> {
        let first = Self::from_ymd(1, 1, 1)?.0;
        let last = Self::from_ymd(9999, 12, 31)?.0;
        i32::try_from(days).ok().filter(|days| (first..=last).contains(days)).map(Self)
    }

    /// `None` where there is no such day.
    #[must_use]
    pub fn from_ymd(year: u32, month: u32, day: u32) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let longest = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=9999).contains(&year) || !(1..=longest).contains(&day) {
            return None;
        }
        // Years begin in March here, so that the leap day is a year's last.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
        // 719,468 days from 0000-03-01 to 1970-01-01.
        i32::try_from(days).ok().map(|days| Self(days - 719_468))
    }

    /// From `2026-11-24`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let mut parts = text.split('-').map(str::parse::<u32>);
        let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        Self::from_ymd(year, month, day).filter(|date| sound && date.to_string() == text)
    }

    /// Days after 1970-01-01.
    #[must_use]
    pub fn days(self) -> i32 {
        self.0
    }

    /// Year, month, day.
    #[must_use]
    pub fn ymd(self) -> (u32, u32, u32) {
        // Within the years 1 to 9999, so never below zero.
        let days = u32::try_from(self.0 + 719_468).unwrap_or_default();
        let mut year = days * 400 / 146_097;
        let before = |year: u32| year * 365 + year / 4 - year / 100 + year / 400;
        while before(year + 1) <= days {
            year += 1;
        }
        while before(year) > days {
            year -= 1;
        }
        let rest = days - before(year);
        let month = (rest * 5 + 2) / 153;
        let day = rest - (month * 153 + 2) / 5 + 1;
        if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_calendar_comes_back() {
        assert_eq!(Date::parse("1970-01-01").unwrap().days(), 0);
        assert_eq!(Date::parse("2000-02-29").unwrap().days(), 11_016);
        assert_eq!(Date::parse("2026-11-24").unwrap().days(), 20_781);
        let (first, last) = (Date::from_ymd(1, 1, 1).unwrap().days(), Date::from_ymd(9999, 12, 31).unwrap().days());
        let mut before = (0, 0, 0);
        for days in first..=last {
            let date = Date::from_days(days.into()).unwrap();
            let (year, month, day) = date.ymd();
            assert!((year, month, day) > before);
            assert_eq!(Date::from_ymd(year, month, day), Some(date));
            before = (year, month, day);
        }
    }

    #[test]
    fn a_day_that_there_is_not_is_refused() {
        for text in ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-04-31", "2026-1-1", "24.11.2026", ""]
        {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        assert_eq!((Date::from_days(i64::MAX), Date::from_days(3_000_000)), (None, None));
    }
}
