//! Search over people as you type: by name, staff number, card number, words in any order.
//!
//! One word is a range of the `word` table, which is sorted as the answer is: the first rows are the answer, whatever the
//! number of people. Several words are intersected by FTS5, whose prefix index streams; of the first hundred the answer
//! is sorted by name, so that with fewer than a hundred matches the order is exact.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;

use lanyard_model::{Change, Id, Kind, Record, RecordRef, Value};
use lanyard_people::fold;
use rusqlite::{OptionalExtension, params};

use crate::words::{index_words, query_words};
use crate::{StoreError, Tx, View};

/// The fields of a person that are searched.
const SEARCHED: [&str; 4] = ["family_name", "given_name", "display_name", "staff_no"];
/// Characters of a name by which people are sorted.
const SORT: usize = 24;
const LIMIT_MOST: usize = 200;
const INTERSECTED: usize = 100;
/// The longest prefix that `person_fts` keeps a list of, in characters (schema).
const PREFIX: usize = 8;
const WAITING_MOST: usize = 400_000;

/// A row of `word`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WordRow {
    word: String,
    sort: String,
    n: i64,
}

impl View<'_> {
    /// People who have words beginning with all of these, the best first: at most `limit`, at most 200.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<Record>, StoreError> {
        let limit = limit.min(LIMIT_MOST);
        let rows = match query_words(text).as_slice() {
            [] => Vec::new(),
            [word] => self.by_word(word, limit)?,
            words => self.by_words(words, limit)?,
        };
        let mut people = Vec::with_capacity(rows.len());
        for n in rows {
            people.extend(self.stored_n(n)?.map(|stored| stored.record));
        }
        Ok(people)
    }

    fn by_word(&self, word: &str, limit: usize) -> Result<Vec<i64>, StoreError> {
        // No word contains the last code point, so it ends the range of all that begin with this one.
        let end = format!("{word}\u{10FFFF}");
        let mut statement =
            self.conn.prepare_cached("SELECT n FROM word WHERE word >= ? AND word < ? ORDER BY word, sort, n")?;
        let mut rows = statement.query([word, &end])?;
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let n = row.get(0)?;
            if seen.insert(n) {
                found.push(n);
            }
        }
        Ok(found)
    }

    fn by_words(&self, words: &[String], limit: usize) -> Result<Vec<i64>, StoreError> {
        let mut query = String::new();
        let mut rest = Vec::new();
        for word in words {
            // Beyond the longest prefix that FTS5 keeps a list of, it would merge the lists of all words that begin so.
            // Names hardly differ after their eighth letter: the few that do are passed over here. Numbers do.
            let reached = match word.char_indices().nth(PREFIX) {
                Some((end, _)) if word.chars().all(char::is_alphabetic) => {
                    rest.push(word);
                    &word[..end]
                }
                _ => word,
            };
            // Letters and digits only: nothing to escape.
            let _ = write!(query, "{}\"{reached}\"*", if query.is_empty() { "" } else { " AND " });
        }
        let mut statement = self.conn.prepare_cached(
            "SELECT person.n, sort, person.words FROM person_fts JOIN person ON person.n = person_fts.rowid
             WHERE person_fts MATCH ?",
        )?;
        let mut rows = statement.query([query])?;
        let mut found: Vec<(String, i64)> = Vec::new();
        while found.len() < INTERSECTED
            && let Some(row) = rows.next()?
        {
            let there = row.get_ref(2)?.as_str().unwrap_or_default();
            if rest.iter().all(|word| there.split(' ').any(|there| there.starts_with(word.as_str()))) {
                found.push((row.get(1)?, row.get(0)?));
            }
        }
        found.sort_unstable();
        found.truncate(limit);
        Ok(found.into_iter().map(|(_, n)| n).collect())
    }
}

impl Tx<'_> {
    /// Keeps the search rows in step with a change.
    pub(crate) fn index(&mut self, n: i64, new: bool, change: &Change, record: &Record) -> Result<(), StoreError> {
        let names = |fields: &[&str]| fields.iter().any(|field| change.fields.contains_key(*field));
        match record.of.kind {
            Kind::Person if new || names(&SEARCHED) => self.index_person(n, new, record)?,
            Kind::Card if names(&["number", "person"]) => self.index_holder(record)?,
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn index_holder(&mut self, card: &Record) -> Result<(), StoreError> {
        let Some(Ok(id)) = card.fields.get("person").and_then(Value::as_bytes).map(TryInto::try_into) else {
            return Ok(());
        };
        let person = self.view().stored(RecordRef { kind: Kind::Person, id: Id(id) })?;
        if let Some(person) = person {
            self.index_person(person.n, false, &person.record)?;
        }
        Ok(())
    }

    pub(crate) fn index_person(&mut self, n: i64, new: bool, record: &Record) -> Result<(), StoreError> {
        let mut words = BTreeSet::new();
        for field in SEARCHED {
            index_words(record.text(field), &mut words);
        }
        if !new {
            let id = Value::Bytes(record.of.id.0.to_vec());
            for card in self.view().stored_by(Kind::Card, "person", &id)? {
                index_words(card.record.text("number"), &mut words);
            }
            self.unindex_person(n)?;
        }
        if words.is_empty() {
            return Ok(());
        }
        let mut name = format!("{} {}", fold(record.text("family_name")), fold(record.text("given_name")));
        if name.len() == 1 {
            name = fold(record.text("display_name"));
        }
        let sort: String = name.chars().take(SORT).collect();
        let text = words.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        self.conn
            .prepare_cached("INSERT INTO person (n, sort, words) VALUES (?, ?, ?)")?
            .execute(params![n, sort, text])?;
        self.conn.prepare_cached("INSERT INTO person_fts (rowid, words) VALUES (?, ?)")?.execute(params![n, text])?;
        self.words.extend(words.into_iter().map(|word| WordRow { word, sort: sort.clone(), n }));
        if self.words.len() > WAITING_MOST {
            self.flush_words()?;
        }
        Ok(())
    }

    pub(crate) fn unindex_person(&mut self, n: i64) -> Result<(), StoreError> {
        // What is to be deleted may still be waiting to be written.
        self.flush_words()?;
        let old = self
            .conn
            .prepare_cached("SELECT sort, words FROM person WHERE n = ?")?
            .query_row([n], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
            .optional()?;
        let Some((sort, words)) = old else { return Ok(()) };
        for word in words.split(' ') {
            self.conn
                .prepare_cached("DELETE FROM word WHERE word = ? AND sort = ? AND n = ?")?
                .execute(params![word, sort, n])?;
        }
        self.conn
            .prepare_cached("INSERT INTO person_fts (person_fts, rowid, words) VALUES ('delete', ?, ?)")?
            .execute(params![n, words])?;
        self.conn.prepare_cached("DELETE FROM person WHERE n = ?")?.execute([n])?;
        Ok(())
    }

    pub(crate) fn flush_words(&mut self) -> Result<(), StoreError> {
        self.words.sort_unstable();
        let mut statement = self.conn.prepare_cached("INSERT OR IGNORE INTO word (word, sort, n) VALUES (?, ?, ?)")?;
        for row in self.words.drain(..) {
            statement.execute(params![row.word, row.sort, row.n])?;
        }
        Ok(())
    }
}
