//! Received stock: which blanks came in, each delivery a record with its signed entry. What an encoding asks for is said
//! there (`stock = true` in `[card]`); a blank of another UID is then refused when it is laid.

use lanyard_issue::{Delivery, STOCK_RECEIVE, Stock, may_receive_stock, stock_received};
use lanyard_model::{Kind, Record, UnixMs, Value};
use lanyard_store::{StoreError, View};

use crate::StationError;
use crate::api::{StockAdded, StockHit};
use crate::shared::Core;

const MEDIA_TYPE: &str = "application/octet-stream";

/// Everything that came in.
pub(crate) fn load(view: View<'_>) -> Result<Stock, StationError> {
    let mut stock = Stock::default();
    for record in view.records(Kind::Stock, None)? {
        stock.add(&delivery(view, &record)?);
    }
    Ok(stock)
}

fn delivery(view: View<'_>, record: &Record) -> Result<Delivery, StationError> {
    let damaged = || StoreError::Damaged { what: "stock" };
    let field = |name: &str| record.fields.get(name);
    let list = match field("uids").map(|uids| uids.as_blob().ok_or_else(damaged)).transpose()? {
        Some(sha256) => Some(view.blob(&sha256)?.ok_or_else(damaged)?.1),
        None => None,
    };
    Ok(Delivery::kept(field("first_uid"), field("last_uid"), list.as_deref()).ok_or_else(damaged)?)
}

fn hit(record: &Record) -> StockHit {
    let end = |name: &str| record.fields.get(name).and_then(Value::as_bytes).map(hex::encode);
    let cards = record.fields.get("cards").and_then(Value::as_int).unwrap_or_default();
    StockHit {
        id: record.of.id.to_string(),
        name: record.text("box").to_owned(),
        cards: u32::try_from(cards).unwrap_or_default(),
        first: end("first_uid"),
        last: end("last_uid"),
    }
}

impl Core {
    /// Whether a card of this UID came in.
    pub(crate) fn is_received(&self, uid: &[u8]) -> bool {
        self.house.as_ref().is_some_and(|house| house.stock.has(uid))
    }

    /// Every delivery, in the order in which they came.
    pub(crate) fn stock_hits(&mut self) -> Result<Vec<StockHit>, StationError> {
        let (house, _) = self.open()?;
        Ok(house.store.view().records(Kind::Stock, None)?.iter().map(hit).collect())
    }

    /// A delivery came in; what is known of it already is not written twice.
    pub(crate) fn stock_add(
        &mut self,
        delivery: &Delivery,
        name: &str,
        now: UnixMs,
    ) -> Result<StockAdded, StationError> {
        let (house, session) = self.open()?;
        // In a rehearsal there is nothing to be guarded.
        may_receive_stock(house.rehearsal() || session.was_given(STOCK_RECEIVE))?;
        let mut stock = house.stock.clone();
        let already = stock.add(delivery);
        let new = delivery.count().saturating_sub(already);
        let counts = [new, already].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        if new == 0 {
            return Ok(StockAdded { stock: None, new: 0, already: counts[1] });
        }
        let by = session.did();
        let record = house.store.write(|tx| {
            let id = tx.new_id();
            let list = match delivery {
                Delivery::List(_) => Some(tx.put_blob(&delivery.bytes(), MEDIA_TYPE)?),
                Delivery::Range(..) => None,
            };
            let change = stock_received(id, name, delivery, list)?;
            tx.commit(&change, &by, now)?;
            Ok::<_, StationError>(tx.view().required(change.of)?)
        })?;
        house.stock = stock;
        // What lies there and was refused may be one of these.
        for seen in self.devices.values_mut().filter_map(|device| device.card.as_mut()) {
            seen.looked = false;
        }
        self.status_changed();
        Ok(StockAdded { stock: Some(hit(&record)), new: counts[0], already: counts[1] })
    }
}
