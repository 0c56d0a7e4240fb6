//! Words as they are searched by: case, accents and the ways to write umlauts make no difference, so that Müller, Mueller
//! and Muller are one name, Åsa is Asa, ß is ss. Folding the beginning of a word gives the beginning of its folding,
//! which is what search as you type needs.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

/// Longest text that is looked at, in characters. Longer is no name.
const LONGEST: usize = 200;
/// Most words that one query may have.
const MOST_WORDS: usize = 8;

/// One word folded: letters and digits only, whatever stood between them left out.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // The base letter before, while a second letter of its digraph may follow.
    let mut open: Option<char> = None;
    // Lower case can bring new combining marks (İ), so it comes before they are taken off.
    let letters = text.chars().take(LONGEST).flat_map(char::to_lowercase).nfkd().filter(|c| c.is_alphanumeric());
    for c in letters {
        let folded = match c {
            'ß' => "ss",
            'æ' => "a",
            'œ' | 'ø' => "o",
            'ł' => "l",
            'đ' | 'ð' => "d",
            'þ' => "th",
            'ħ' => "h",
            'ı' => "i",
            'ŋ' => "n",
            _ => "",
        };
        if !folded.is_empty() {
            out.push_str(folded);
            // A marked letter is its own digraph: ø is oe already, and takes no second e.
            open = None;
            continue;
        }
        match (open, c) {
            (Some('a'), 'a' | 'e') | (Some('o' | 'u'), 'e') => open = None,
            _ => {
                out.push(c);
                open = matches!(c, 'a' | 'o' | 'u').then_some(c);
            }
        }
    }
    out
}

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
    fn names_that_are_the_same_to_people_are_the_same_here() {
        for same in [
            &["Müller", "Mueller", "Muller", "MÜLLER", "Mu\u{308}ller"][..],
            &["Åsa", "Asa", "åsa", "Aasa", "A\u{30A}sa"],
            &["Groß", "Gross", "GROSS", "groẞ"],
            &["Søren", "Soeren", "Sören", "Soren"],
            &["Ærø", "Aeroe", "Äro"],
            &["François", "Francois"],
            &["Łukasz", "Lukasz"],
            &["O'Hara", "OHara", "o’hara"],
            &["Meyer-Landrut", "meyerlandrut", "Meyer–Landrut"],
            &["İpek", "Ipek", "ipek"],
            &["Þór", "Thor"],
            &["Đorđe", "Dorde"],
            &["ﬁnn", "Finn"],
        ] {
            for name in same {
                assert_eq!(fold(name), fold(same[0]), "{name}");
            }
        }
        assert_ne!(fold("Muller"), fold("Miller"));
    }

    #[test]
    fn the_beginning_of_a_word_folds_to_the_beginning_of_its_folding() {
        for name in [
            "Müller", "Mueller", "Aaeoeue", "Samuel", "uuee", "aaa", "Groß", "Maaßen", "Æaeø", "Joël", "Zoë", "aae",
            "İa",
        ] {
            let whole = fold(name);
            for (cut, _) in name.char_indices() {
                let part = fold(&name[..cut]);
                assert!(whole.starts_with(&part), "{name}: {part} {whole}");
            }
        }
    }

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
        assert!(fold(&"x".repeat(1_000_000)).len() <= LONGEST);
    }
}
