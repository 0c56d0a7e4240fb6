//! Record files: linear and cyclic. Nothing of a write or a clearing shows before the commit.

use super::body::{Body, Change, Records};
use super::data::{Target, number, place, three_bytes, written};
use super::files::Rights;
use super::image::{Model, units};
use super::session::{Carries, Mode};
use super::status::Sw;
use super::{Answer, DesfireCard, Next};

impl DesfireCard {
    /// `C1` linear, `C0` cyclic.
    pub(super) fn create_record_file(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(ins, wire)?;
        let (head, rest) = self.new_file(&data, true)?;
        let [s0, s1, s2, m0, m1, m2] = rest else { return Err(Sw::LENGTH) };
        let (size, most) = (number(*s0, *s1, *s2), number(*m0, *m1, *m2));
        let cyclic = ins == 0xC0;
        // A cyclic file needs one more record than it shows: the one that is being written.
        if size == 0 || most < if cyclic { 2 } else { 1 } {
            return Err(Sw::PARAMETER);
        }
        let cost = units(size.saturating_mul(most));
        let body = Body::Record(Records { cyclic, size, most, data: Vec::new() });
        self.add_file(head, body, cost)?;
        Ok(Answer::managing([]))
    }

    pub(super) fn read_records(&mut self, ins: u8, wire: &[u8]) -> Result<Next, Sw> {
        let no = *wire.first().ok_or(Sw::LENGTH)?;
        let file = self.app()?.file(no)?;
        let Body::Record(records) = file.body.clone() else { return Err(Sw::PERMISSION_DENIED) };
        let mode = self.access(&file.holders(&[Rights::read, Rights::read_write]), file.comm)?;
        let data = self.open(ins, wire, Carries::Parameters { mac: mode != Mode::Plain })?;
        let (newest, count) = place(&data)?;
        if data.len() != 7 {
            return Err(Sw::LENGTH);
        }
        // From the oldest asked for to the newest asked for.
        let end = records.place(newest).ok_or(Sw::BOUNDARY)? + records.size;
        let wanted = if count == 0 { end } else { count.saturating_mul(records.size) };
        let found = records.data[end.checked_sub(wanted).ok_or(Sw::BOUNDARY)?..end].to_vec();
        let [newest, read] = [newest, found.len() / records.size].map(three_bytes);
        self.count_in(&[&[ins, no], &newest[..], &read[..]].concat(), &found);
        self.answer_read(ins, found, mode, count == 0)
    }

    /// WriteRecord opens a record, once a transaction; UpdateRecord changes one that is there.
    pub(super) fn write_record(&mut self, target: &Target, new: &[u8]) -> Result<(), Sw> {
        let body = self.app()?.file(target.no)?.body.clone();
        let change = self.live.uncommitted.entry(target.no).or_insert_with(|| Change::of(body));
        let Body::Record(records) = &mut change.body else { return Err(Sw::PERMISSION_DENIED) };
        if change.cleared {
            return Err(Sw::PERMISSION_DENIED);
        }
        if target.back.is_none() && !change.opened {
            records.open()?;
            change.opened = true;
        }
        let start = records.place(target.back.unwrap_or(0)).ok_or(Sw::BOUNDARY)? + target.offset;
        records.data[start..start + target.length].copy_from_slice(new);
        Ok(())
    }

    pub(super) fn clear_records(&mut self, wire: &[u8]) -> Result<Next, Sw> {
        let data = self.parameters(0xEB, wire)?;
        let [no] = data.as_slice() else { return Err(Sw::LENGTH) };
        let file = self.app()?.file(*no)?;
        let body = file.body.clone();
        if !matches!(body, Body::Record(_)) {
            return Err(Sw::PERMISSION_DENIED);
        }
        self.access(&file.holders(&[Rights::read_write]), file.comm)?;
        let change = self.live.uncommitted.entry(*no).or_insert_with(|| Change::of(body));
        if let Body::Record(records) = &mut change.body {
            records.data.clear();
        }
        change.cleared = true;
        self.count_in(&[0xEB, *no], &[]);
        Ok(written(Mode::Mac))
    }

    pub(super) fn can_update_records(&self) -> bool {
        self.image.model != Model::Ev1
    }
}
