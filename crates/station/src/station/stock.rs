//! Commands about received stock.

use lanyard_issue::Delivery;

use super::{Answer, Station};
use crate::StationError;
use crate::api::{StockAdded, StockHit};

impl Station {
    /// Every delivery that came in, the oldest first.
    ///
    /// # Errors
    /// Nobody signed in.
    pub fn stock(&self) -> Answer<Vec<StockHit>> {
        self.write(|core, _| core.stock_hits())
    }

    /// A file with a UID a line, or with a column `uid`, came in as the box of this name.
    ///
    /// # Errors
    /// `stock.line` with the line that is no UID; without the right to do so.
    pub fn stock_add_list(&self, csv: &str, name: &str) -> Answer<StockAdded> {
        self.write(|core, now| core.stock_add(&Delivery::list(csv).map_err(StationError::from)?, name, now))
    }

    /// A box came in: all UIDs from the first to the last.
    ///
    /// # Errors
    /// `stock.range`; without the right to do so.
    pub fn stock_add_range(&self, first: &str, last: &str, name: &str) -> Answer<StockAdded> {
        self.write(|core, now| core.stock_add(&Delivery::range(first, last).map_err(StationError::from)?, name, now))
    }
}
