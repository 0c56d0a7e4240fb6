//! Lines on A4, for what is printed, signed by hand and kept: drawn with the fonts that were given, as a card is, so that
//! every machine prints the same page.

use resvg::usvg::Tree;

use crate::{Fonts, LayoutError, PdfFacts, Side, fill, pdf, tree};

/// Characters that fit on a line.
pub const SHEET_COLUMNS: usize = 84;
/// Lines of one page.
const ROWS: usize = 58;
const WIDTH_MM: usize = 210;
const HEIGHT_MM: usize = 297;
const LEFT_MM: f32 = 20.0;
const TOP_MM: f32 = 24.0;
const ROW_MM: f32 = 4.4;
const LETTER_MM: f32 = 3.2;

/// As many pages as the lines need. The first line is the heading; what is too long for a line goes on in the next.
///
/// # Errors
/// [`LayoutError::Draw`].
pub fn sheet(text: &str, fonts: &Fonts, facts: &PdfFacts) -> Result<Vec<u8>, LayoutError> {
    let mut rows: Vec<String> = Vec::new();
    for line in text.lines() {
        // What XML has no place for is shown as what it is: no letter.
        let shown = |c: char| if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') { '\u{FFFD}' } else { c };
        let letters: Vec<char> = line.chars().map(shown).collect();
        if letters.is_empty() {
            rows.push(String::new());
        }
        rows.extend(letters.chunks(SHEET_COLUMNS).map(|part| part.iter().collect::<String>()));
    }
    let count = rows.len().div_ceil(ROWS).max(1);
    let pages = (0..count)
        .map(|page| {
            let from = page * ROWS;
            let shown = &rows[from.min(rows.len())..(from + ROWS).min(rows.len())];
            tree::parse(&drawn(shown, page, count), Some(fonts), None)
                .map(|(tree, _)| vec![tree])
                .ok_or(LayoutError::Draw { side: Side::Front })
        })
        .collect::<Result<Vec<Vec<Tree>>, _>>()?;
    pdf::write(pages.iter().map(|page| (Side::Front, page.as_slice())), facts)
}

fn drawn(rows: &[String], page: usize, count: usize) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH_MM}\" height=\"{HEIGHT_MM}\" \
         viewBox=\"0 0 {WIDTH_MM} {HEIGHT_MM}\" font-family=\"monospace\" font-size=\"{LETTER_MM}\">"
    );
    for (i, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
        let weight = if page == 0 && i == 0 { "bold" } else { "normal" };
        line(&mut svg, TOP_MM + i as f32 * ROW_MM, weight, row);
    }
    if count > 1 {
        line(&mut svg, HEIGHT_MM as f32 - 12.0, "normal", &format!("{} / {count}", page + 1));
    }
    svg + "</svg>"
}

fn line(svg: &mut String, y: f32, weight: &str, text: &str) {
    *svg += &format!("<text x=\"{LEFT_MM}\" y=\"{y}\" font-weight=\"{weight}\" xml:space=\"preserve\">");
    fill::escape(svg, text);
    *svg += "</text>";
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONO: [&[u8]; 2] = [
        include_bytes!("../../../assets/fonts/AtkinsonHyperlegibleMono-Regular.ttf"),
        include_bytes!("../../../assets/fonts/AtkinsonHyperlegibleMono-Bold.ttf"),
    ];

    fn pages(text: &str) -> usize {
        let fonts = Fonts::load(MONO.iter().map(|font| font.to_vec())).unwrap();
        let bytes = sheet(text, &fonts, &PdfFacts { title: "A page".to_owned(), made_unix_ms: 0 }).unwrap();
        lopdf_pages(&bytes)
    }

    fn lopdf_pages(pdf: &[u8]) -> usize {
        let text = String::from_utf8_lossy(pdf);
        text.matches("/Type/Page").count() - text.matches("/Type/Pages").count()
    }

    #[test]
    fn no_line_is_left_out_however_long_or_many_they_are_and_marks_of_the_format_are_text() {
        assert_eq!(pages("Heading\n<b>&\u{1}\"'</svg>"), 1);
        assert_eq!(pages(&"line\n".repeat(ROWS)), 1);
        assert_eq!(pages(&"line\n".repeat(ROWS + 1)), 2);
        assert_eq!(pages(&"x".repeat(SHEET_COLUMNS * ROWS + 1)), 2);
        assert_eq!(pages(""), 1);
    }
}
