//! Breaks and shrinks a text to its place, within what the design allows; beyond that it says by how much it is too long.

use crate::design::TextRule;

/// Past this no card has room, and no time is spent on it.
const MAX_CHARS: usize = 200;
const MAX_PIECES: usize = 24;

/// A text as it will be drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fitted {
    pub(crate) lines: Vec<String>,
    pub(crate) scale: f32,
}

/// It does not fit: what it would take of the width at the smallest size, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TooLong {
    pub(crate) percent: u32,
}

/// `width_of` gives a line's width at the drawn size, in the design's units.
pub(crate) fn fit(text: &str, rule: &TextRule, mut width_of: impl FnMut(&str) -> f32) -> Result<Fitted, TooLong> {
    let length = text.chars().count();
    if length > MAX_CHARS {
        return Err(TooLong { percent: 1000 });
    }
    let Some(limit) = rule.fit else {
        return Ok(Fitted { lines: vec![text.to_owned()], scale: 1.0 });
    };
    let pieces = pieces(text);
    let lines = if pieces.len() > MAX_PIECES { 1 } else { rule.lines };
    // Where to break is decided on the sum of the pieces' widths; how far to shrink on the lines as they will be.
    let own: Vec<f32> =
        if lines > 1 { pieces.iter().map(|piece| width_of(piece.trim_end())).collect() } else { vec![] };
    let space = if lines > 1 { width_of("n n") - width_of("nn") } else { 0.0 };
    let mut best: Option<(f32, Vec<usize>)> = None;
    for count in 1..=lines.min(pieces.len()) {
        let breaks = narrowest(pieces.len(), count, |from, to| {
            let spaces = pieces[from..to].iter().filter(|piece| piece.ends_with(' ')).count();
            own.get(from..to).map_or(0.0, |widths| widths.iter().sum::<f32>() + spaces as f32 * space)
        });
        let widest = each_line(&pieces, &breaks).map(|line| width_of(&line)).fold(0.0, f32::max);
        if best.as_ref().is_none_or(|(before, _)| widest < *before) {
            best = Some((widest, breaks));
        }
        // Fewer lines are better, as long as nothing need shrink for it.
        if widest <= limit {
            break;
        }
    }
    let Some((widest, breaks)) = best else {
        return Ok(Fitted { lines: Vec::new(), scale: 1.0 });
    };
    let scale = if widest <= limit { 1.0 } else { limit / widest };
    if scale < rule.smallest {
        return Err(TooLong { percent: (100.0 * widest * rule.smallest / limit).ceil().clamp(101.0, 1000.0) as u32 });
    }
    Ok(Fitted { lines: each_line(&pieces, &breaks).collect(), scale })
}

fn each_line<'a>(pieces: &'a [String], breaks: &'a [usize]) -> impl Iterator<Item = String> + 'a {
    let starts = std::iter::once(0).chain(breaks.iter().copied());
    starts.zip(breaks).map(|(from, to)| line(&pieces[from..*to]))
}

/// Where a line may break: after a space, and after the hyphen of a double name.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut parts = word.split_inclusive('-').peekable();
        while let Some(part) = parts.next() {
            let joined = if parts.peek().is_some() && part.len() > 1 { part.to_owned() } else { format!("{part} ") };
            pieces.push(joined);
        }
    }
    pieces
}

fn line(pieces: &[String]) -> String {
    pieces.concat().trim_end().to_owned()
}

/// Breaks `n` pieces into `count` lines so that the widest is as narrow as can be; says where each ends.
fn narrowest(n: usize, count: usize, width: impl Fn(usize, usize) -> f32) -> Vec<usize> {
    // best[k][end]: the widest of k lines that hold the pieces before `end`, and where the last of them starts.
    let mut best = vec![vec![(f32::INFINITY, 0usize); n + 1]; count + 1];
    best[0][0] = (0.0, 0);
    for k in 1..=count {
        for end in k..=n {
            for start in k - 1..end {
                let before = best[k - 1][start].0;
                if before.is_finite() {
                    let widest = before.max(width(start, end));
                    if widest < best[k][end].0 {
                        best[k][end] = (widest, start);
                    }
                }
            }
        }
    }
    let mut breaks = vec![n];
    let mut end = n;
    for k in (2..=count).rev() {
        end = best[k][end].1;
        breaks.push(end);
    }
    breaks.reverse();
    breaks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(fit: f32, lines: usize) -> TextRule {
        TextRule { fit: Some(fit), smallest: 0.75, lines, leading: 1.2 }
    }

    fn chars(line: &str) -> f32 {
        line.chars().count() as f32
    }

    fn fitted(text: &str, limit: f32, lines: usize) -> Result<Fitted, TooLong> {
        fit(text, &rule(limit, lines), chars)
    }

    #[test]
    fn a_short_text_is_left_alone_on_one_line() {
        assert_eq!(fitted("Ana Berg", 10.0, 2), Ok(Fitted { lines: vec!["Ana Berg".to_owned()], scale: 1.0 }));
    }

    #[test]
    fn a_text_breaks_before_it_shrinks_and_shrinks_before_it_fails() {
        assert_eq!(fitted("Crane operations", 10.0, 2).unwrap().lines, ["Crane", "operations"]);
        let shrunk = fitted("Crane operations", 8.0, 2).unwrap();
        assert_eq!((shrunk.lines.len(), shrunk.scale), (2, 0.8));
        assert_eq!(fitted("Crane operations", 7.0, 2), Err(TooLong { percent: 108 }));
    }

    #[test]
    fn a_double_name_breaks_after_its_hyphen_and_no_character_is_lost() {
        let name = "Leutheusser-Schnarrenberger";
        let broken = fitted(name, 16.0, 2).unwrap();
        assert_eq!(broken.lines, ["Leutheusser-", "Schnarrenberger"]);
        assert_eq!(broken.lines.concat(), name);
        assert_eq!(fitted("Anne - Marie", 6.0, 3).unwrap().lines.join(" "), "Anne - Marie");
    }

    #[test]
    fn lines_are_balanced() {
        let text = "Department of Harbour Security and Access";
        assert_eq!(fitted(text, 24.0, 2).unwrap().lines, ["Department of Harbour", "Security and Access"]);
    }

    #[test]
    fn a_text_of_endless_length_is_refused_at_once() {
        assert_eq!(fitted(&"a ".repeat(5000), 10.0, 6), Err(TooLong { percent: 1000 }));
        assert!(fitted(&"ab ".repeat(60), 40.0, 6).is_err());
    }
}
