//! Words of records and of queries, folded: what search as you type finds people by.

use std::collections::BTreeSet;

use lanyard_people::fold;

/// Most words that one query may have.
const MOST_WORDS: usize = 8;

/// The words of a query: what stands between spaces, folded.
#[must_use]
pub fn query_words(text: &str) -> Vec<String> {
    let words = text.split_whitespace().map(fold).filter(|word| !word.is_empty());
    let mut words: Vec<String> = words.take(MOST_WORDS).collect();
    words.sort_unstable();
    words.dedup();
    // A word that another begins with asks for nothing more.
    let all = words.clone();
    words.retain(|word| !all.iter().any(|other| other != word && other.starts_with(word.as_str())));
    words
}

/// The words that a value is found by: those between spaces whole, and their parts where a hyphen, apostrophe or dot
/// divides them; numbers also without their leading zeros.
pub fn index_words(text: &str, into: &mut BTreeSet<String>) {
    let mut add = |word: String| {
        let short = word.trim_start_matches('0');
        if !short.is_empty() && short.len() < word.len() {
            into.insert(short.to_owned());
        }
        if !word.is_empty() {
            into.insert(word);
        }
    };
    for whole in text.split_whitespace() {
        add(fold(whole));
        let mut parts = whole.split(|c: char| !c.is_alphanumeric() && !is_mark(c)).filter(|part| !part.is_empty());
        let (first, second) = (parts.next(), parts.next());
        if second.is_some() {
            // The O of O'Hara, the C of C-0048821: a letter alone would stand in front of everyone else's name.
            let parts = [first, second].into_iter().flatten().chain(parts).map(fold);
            parts.filter(|part| part.chars().nth(1).is_some()).for_each(&mut add);
        }
    }
}

/// A combining mark belongs to the letter before it.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_name_is_found_whole_and_by_its_parts_and_a_number_without_its_zeros() {
        let words = |text| {
            let mut words = BTreeSet::new();
            index_words(text, &mut words);
            words.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(words("Anna Meyer-Landrut"), ["anna", "landrut", "meyer", "meyerlandrut"]);
        assert_eq!(words("C-0048821"), ["0048821", "48821", "c0048821"]);
        assert_eq!(words(" -- "), Vec::<String>::new());
        assert_eq!(words("000"), ["000"]);
    }

    #[test]
    fn a_query_is_its_words_without_those_that_others_begin_with() {
        assert_eq!(query_words("  Mü  anna ann "), ["anna", "mu"]);
        assert_eq!(query_words("'"), Vec::<String>::new());
        assert!(query_words(&"a b c d e f g h i j ".repeat(40)).len() <= MOST_WORDS);
    }
}
