//! Value files: what is credited and debited counts from the commit on, and never passes its limits.

use super::body::{Body, Change, Value};
use super::data::written;
use super::files::{FREE, Rights};
use super::image::units;
use super::session::{Carries, Mode};
use super::status::Sw;
use super::{Answer, DesfireCard, Next};

/// LimitedCredit is possible.
const LIMITED_CREDIT: u8 = 0x01;
/// GetValue is free.
const FREE_VALUE: u8 = 0x02;

impl DesfireCard {
    pub(super) fn create_value_file(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0xCC, wire)?;
        let (head, rest) = self.new_file(&data, false)?;
        let ([lower, upper, value], [flags]) = rest.as_chunks::<4>() else { return Err(Sw::LENGTH) };
        let [lower, upper, value] = [lower, upper, value].map(|bytes| i32::from_le_bytes(*bytes));
        if !(lower <= value && value <= upper) || flags & !(LIMITED_CREDIT | FREE_VALUE) != 0 {
            return Err(Sw::PARAMETER);
        }
        self.add_file(head, Body::Value(Value { lower, upper, value, limit: 0, flags: *flags }), units(32))?;
        Ok(Answer::managing([]))
    }

    pub(super) fn get_value(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let no = *wire.first().ok_or(Sw::LENGTH)?;
        let file = self.app()?.file(no)?;
        let Body::Value(value) = file.body.clone() else { return Err(Sw::PERMISSION_DENIED) };
        let mut holders = file.holders(&[Rights::read, Rights::write, Rights::read_write]);
        if value.flags & FREE_VALUE != 0 {
            holders.push(FREE);
        }
        let mode = self.access(&holders, file.comm)?;
        let data = self.open(0x6C, wire, Carries::Parameters { mac: mode != Mode::Plain })?;
        if data.len() != 1 {
            return Err(Sw::LENGTH);
        }
        let bytes = value.value.to_le_bytes();
        self.count_in(&[&[0x6C, no], &bytes[..]].concat(), &[]);
        self.answer_read(0x6C, bytes.to_vec(), mode, false)
    }

    /// `0C` Credit, `DC` Debit, `1C` LimitedCredit.
    pub(super) fn change_value(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let no = *wire.first().ok_or(Sw::LENGTH)?;
        let file = self.app()?.file(no)?;
        let body = file.body.clone();
        let Body::Value(committed) = &body else { return Err(Sw::PERMISSION_DENIED) };
        let needed: &[fn(Rights) -> u8] = match ins {
            0x0C => &[Rights::read_write],
            0x1C => &[Rights::write, Rights::read_write],
            _ => &[Rights::read, Rights::write, Rights::read_write],
        };
        let mode = self.access(&file.holders(needed), file.comm)?;
        let data = self.open(ins, wire, Carries::Data { header: 1, len: 4, mode })?;
        let amount = data.get(1..).and_then(|bytes| bytes.try_into().ok()).map(i32::from_le_bytes).ok_or(Sw::LENGTH)?;
        if amount < 0 {
            return Err(Sw::PARAMETER);
        }
        let now = match self.live.uncommitted.get(&no).map(|change| &change.body) {
            Some(Body::Value(value)) => value.clone(),
            _ => committed.clone(),
        };
        if ins == 0x1C {
            if now.flags & LIMITED_CREDIT == 0 {
                return Err(Sw::PERMISSION_DENIED);
            }
            if amount > now.limit {
                return Err(Sw::BOUNDARY);
            }
        }
        let by = if ins == 0xDC { -i64::from(amount) } else { i64::from(amount) };
        let after = i32::try_from(i64::from(now.value) + by).map_err(|_| Sw::BOUNDARY)?;
        if !(now.lower <= after && after <= now.upper) {
            return Err(Sw::BOUNDARY);
        }
        let change = self.live.uncommitted.entry(no).or_insert_with(|| Change::of(body));
        if let Body::Value(value) = &mut change.body {
            value.value = after;
            match ins {
                0x1C => value.limit = 0,
                0xDC => change.debited = change.debited.saturating_add(amount),
                _ => {}
            }
        }
        self.count_in(&[&[ins], data.as_slice()].concat(), &[]);
        Ok(written(mode))
    }
}
