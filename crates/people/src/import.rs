//! People from a CSV file (RFC 4180; comma, semicolon or tab). A file that cannot be understood changes nothing; a bad
//! line is left out and comes back in a file of the same form, with its reason in a last column.

use std::collections::BTreeMap;

use lanyard_fault::{Coded, Fault, Helps};

use crate::{FORM, PersonError, check, tidy};

/// The largest file that is read, in bytes: above a million people.
const LARGEST: usize = 512 * 1024 * 1024;

/// Why a file as a whole is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Not UTF-8: written by a program that saved it in another encoding.
    #[error("line {line} is not UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        line: usize,
        /// What it looks like: `UTF-16`, `Windows-1252`.
        looks_like: &'static str,
    },
    /// A column that every line needs.
    #[error("column {column} is missing")]
    ColumnMissing {
        /// Its name.
        column: &'static str,
    },
    /// Two columns of one name.
    #[error("column {column} stands there twice")]
    ColumnTwice {
        /// Its name.
        column: String,
    },
    /// It ends amid a quoted cell: what the last line would say is anybody's guess.
    #[error("the file ends inside the quotes that line {line} opens")]
    Cut {
        /// Where the quotes open, counted from 1.
        line: usize,
    },
    /// Nothing below the header.
    #[error("the file holds no line")]
    Empty,
    /// Too large.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: usize,
    },
}

impl Coded for ImportError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } => "import.encoding",
            Self::ColumnMissing { .. } => "import.column.missing",
            Self::ColumnTwice { .. } => "import.column.twice",
            Self::Cut { .. } => "import.cut",
            Self::Empty => "import.empty",
            Self::TooLarge { .. } => "import.large",
        }
    }

    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn helps(&self) -> Helps {
        Helps::Another
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotUtf8 { line, looks_like } => {
                vec![("line", line.to_string()), ("looks_like", (*looks_like).to_owned())]
            }
            Self::ColumnMissing { column } => vec![("column", (*column).to_owned())],
            Self::ColumnTwice { column } => vec![("column", column.clone())],
            Self::Cut { line } => vec![("line", line.to_string())],
            Self::TooLarge { limit } => vec![("limit", limit.to_string())],
            Self::Empty => vec![],
        }
    }
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// In the file, counted from 1.
    pub line: u32,
    /// Tidied values by field name, or why the line is not taken.
    pub values: Result<BTreeMap<String, String>, PersonError>,
    /// The line's cells as they stood there.
    cells: Vec<String>,
}

/// Reads a file.
///
/// # Errors
/// [`ImportError`] where the file as a whole cannot be understood.
pub fn parse(bytes: &[u8]) -> Result<(Vec<String>, Vec<Row>), ImportError> {
    if bytes.len() > LARGEST {
        return Err(ImportError::TooLarge { limit: LARGEST });
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(ImportError::NotUtf8 { line: 1, looks_like: "UTF-16" });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        ImportError::NotUtf8 { line: before.iter().filter(|b| **b == b'\n').count() + 1, looks_like: "Windows-1252" }
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    let delimiter =
        [b',', b';', b'\t'].into_iter().max_by_key(|d| head.bytes().filter(|b| b == d).count()).unwrap_or(b',');
    if let Some(line) = left_open(text, delimiter) {
        return Err(ImportError::Cut { line });
    }
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut records = reader.records();
    let columns: Vec<String> = match records.next() {
        Some(Ok(header)) => header.iter().map(|name| name.trim().to_lowercase()).collect(),
        _ => return Err(ImportError::Empty),
    };
    for field in FORM.iter().filter(|field| field.required) {
        if !columns.iter().any(|column| column == field.name) {
            return Err(ImportError::ColumnMissing { column: field.name });
        }
    }
    for (i, column) in columns.iter().enumerate() {
        if columns[..i].contains(column) {
            return Err(ImportError::ColumnTwice { column: column.clone() });
        }
    }
    let mut rows = Vec::new();
    for record in records {
        // Only an I/O error or invalid UTF-8 could fail here, and the text is in memory and checked.
        let Ok(record) = record else { continue };
        let line = record.position().map_or(0, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        rows.push(Row { line, values: read(&columns, &cells), cells });
    }
    if rows.is_empty() { Err(ImportError::Empty) } else { Ok((columns, rows)) }
}

/// The line at which quotes open that never close (RFC 4180 §2.5 to 2.7). The reader below takes such a cell as it is.
fn left_open(text: &str, delimiter: u8) -> Option<usize> {
    let (mut line, mut opened, mut fresh) = (1, None, true);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if opened.is_some() => {
                if bytes.next_if_eq(&b'"').is_none() {
                    opened = None;
                }
            }
            b'"' if fresh => opened = Some(line),
            _ => fresh = opened.is_none() && (byte == delimiter || byte == b'\n' || byte == b'\r'),
        }
        line += usize::from(byte == b'\n');
    }
    opened
}

fn read(columns: &[String], cells: &[String]) -> Result<BTreeMap<String, String>, PersonError> {
    if cells.len() > columns.len() {
        return Err(PersonError::Unknown { field: format!("#{}", columns.len() + 1) });
    }
    let values: BTreeMap<String, String> = columns
        .iter()
        .zip(cells)
        .filter(|(column, _)| FORM.iter().any(|field| field.name == column.as_str()))
        .map(|(column, cell)| (column.clone(), tidy(cell)))
        .collect();
    check(&values, true)?;
    Ok(values)
}

/// The lines that were not taken, as a file of the same form (comma-separated UTF-8), each with its reason.
#[must_use]
pub fn refused_file(columns: &[String], refused: &[(&Row, String)]) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(columns.iter().map(String::as_str).chain(["reason"]));
    for (row, reason) in refused {
        let gap = columns.len().saturating_sub(row.cells.len());
        let cells = row.cells.iter().map(String::as_str).chain(std::iter::repeat_n("", gap));
        let _ = writer.write_record(cells.chain([reason.as_str()]));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// [`refused_file`] with other words for its reasons, one a line and in order: those of the reader's own language.
#[must_use]
pub fn with_reasons(refused: &str, reasons: &[String]) -> String {
    let mut lines = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(refused.as_bytes());
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for (number, line) in lines.records().filter_map(Result::ok).enumerate() {
        let reason = number.checked_sub(1).and_then(|number| reasons.get(number));
        let last = line.len().saturating_sub(1);
        let cells =
            line.iter().enumerate().map(|(at, cell)| reason.filter(|_| at == last).map_or(cell, String::as_str));
        // Writing to memory does not fail.
        let _ = writer.write_record(cells);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_column_is_named_and_nothing_is_read() {
        assert_eq!(parse(b"given_name,family_name\nA,B\n"), Err(ImportError::ColumnMissing { column: "staff_no" }));
    }

    #[test]
    fn a_bad_line_in_the_middle_leaves_the_others_and_comes_back() {
        let file = "given_name;family_name;staff_no;unit\nÅsa;Berg;1;X\nBo;;2;Y\nIda;Holm;3;Z\n";
        let (columns, rows) = parse(file.as_bytes()).unwrap();
        assert_eq!(rows.iter().filter(|row| row.values.is_ok()).count(), 2);
        assert_eq!(rows[1].line, 3);
        assert_eq!(rows[1].values, Err(PersonError::Missing { field: "family_name" }));
        let back = refused_file(&columns, &[(&rows[1], "family_name".to_owned())]);
        assert_eq!(back, "given_name,family_name,staff_no,unit,reason\nBo,,2,Y,family_name\n");
        let reason = "Le nom manque, c’est \"obligatoire\"".to_owned();
        let french = with_reasons(&back, std::slice::from_ref(&reason));
        assert_eq!(
            french,
            "given_name,family_name,staff_no,unit,reason\nBo,,2,Y,\"Le nom manque, c’est \"\"obligatoire\"\"\"\n"
        );
        assert_eq!(parse(french.as_bytes()).unwrap().1[0].cells[4], reason);
        assert_eq!(with_reasons(&back, &[]), back);
    }

    #[test]
    fn a_file_that_was_cut_off_within_quotes_changes_nobody() {
        let cut = "given_name,family_name,staff_no\nGd,Hd,125\nId,Jd,\"12";
        assert_eq!(parse(cut.as_bytes()), Err(ImportError::Cut { line: 3 }));
        assert_eq!(parse("given_name,family_name,staff_no\nA,B,\"1\n\n".as_bytes()), Err(ImportError::Cut { line: 2 }));
        let whole = "given_name;family_name;staff_no\nÅ \"Z\";\"B \"\"C\"\"\nD\";\"12\"\nE;F\";13";
        let (_, rows) = parse(whole.as_bytes()).unwrap();
        assert_eq!(rows[0].cells, ["Å \"Z\"", "B \"C\"\nD", "12"]);
        assert_eq!(rows[1].cells, ["E", "F\"", "13"]);
    }

    #[test]
    fn a_file_in_another_encoding_says_which_line() {
        assert_eq!(
            parse(b"given_name,family_name,staff_no\nA,B,1\nM\xFCller,C,2\n"),
            Err(ImportError::NotUtf8 { line: 3, looks_like: "Windows-1252" })
        );
        assert!(matches!(parse(&[0xFF, 0xFE, 0x67, 0]), Err(ImportError::NotUtf8 { looks_like: "UTF-16", .. })));
    }

    #[test]
    fn a_line_with_more_cells_than_columns_is_not_guessed_at() {
        let (_, rows) = parse(b"given_name,family_name,staff_no\nA,B,1,extra\n").unwrap();
        assert!(rows[0].values.is_err());
    }
}
