//! A key that two or three people bring, each a component that says nothing of the key by itself: their sum (XOR) is the
//! key. Each component comes with its own check value, so that a typing mistake is found where it was made.

use lanyard_secret::{Secret, SecretBytes};
use zeroize::Zeroizing;

use crate::{CheckValue, Entropy, KeySize, KeysError, MasterKey};

/// One person's part of a key.
pub struct Component(MasterKey);

impl Component {
    /// A new random one.
    #[must_use]
    pub fn random(size: KeySize, entropy: &mut Entropy) -> Self {
        Self(match size {
            KeySize::Aes128 => MasterKey::Aes128(Secret::filled(|key| entropy(key))),
            KeySize::Aes192 => MasterKey::Aes192(Secret::filled(|key| entropy(key))),
        })
    }

    /// As a person keeps it: hex in groups of four, then the check value. Shown to that person only.
    #[must_use]
    pub fn printed(&self) -> SecretBytes {
        let digits = b"0123456789ABCDEF";
        let mut text = Vec::with_capacity(self.0.size().bytes() * 3 + 8);
        for (i, byte) in self.0.expose().iter().enumerate() {
            if i > 0 && i % 2 == 0 {
                text.push(b' ');
            }
            text.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        }
        text.extend_from_slice(format!(" / {}", self.check_value()).as_bytes());
        SecretBytes::new(text)
    }

    /// From what somebody typed: hex, `/`, check value. Spaces do not matter.
    ///
    /// # Errors
    /// [`KeysError::ComponentTypo`] if it is none, or its check value is another's.
    pub fn typed(text: &str) -> Result<Self, KeysError> {
        let (hex, check) = text.split_once('/').ok_or(KeysError::ComponentTypo)?;
        let key = nibbles(hex, 24).and_then(|bytes| MasterKey::from_slice(&bytes)).ok_or(KeysError::ComponentTypo)?;
        let check = nibbles(check, 3).ok_or(KeysError::ComponentTypo)?;
        if key.check_value().0[..] == check[..] { Ok(Self(key)) } else { Err(KeysError::ComponentTypo) }
    }

    /// Its own check value, by the same method as a key's.
    #[must_use]
    pub fn check_value(&self) -> CheckValue {
        self.0.check_value()
    }
}

impl MasterKey {
    /// The sum of two or three components.
    ///
    /// # Errors
    /// [`KeysError::Components`] unless there are two or three of one length, no two the same, whose sum is a key.
    pub fn of_components(components: &[Component]) -> Result<Self, KeysError> {
        let [first, rest @ ..] = components else { return Err(KeysError::Components) };
        let alike = rest.iter().any(|other| other.0.size() != first.0.size());
        let twice = (1..components.len()).any(|i| components[..i].iter().any(|other| other.0.same(&components[i].0)));
        if !(2..=3).contains(&components.len()) || alike || twice {
            return Err(KeysError::Components);
        }
        let mut sum = Zeroizing::new([0; 24]);
        for component in components {
            for (sum, byte) in sum.iter_mut().zip(component.0.expose()) {
                *sum ^= byte;
            }
        }
        let sum = &sum[..first.0.size().bytes()];
        // The zero key is what every blank card comes with.
        if sum.iter().all(|byte| *byte == 0) {
            return Err(KeysError::Components);
        }
        Self::from_slice(sum).ok_or(KeysError::Components)
    }
}

/// At most so many bytes of hex.
fn nibbles(text: &str, most: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    let mut high = None;
    for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let nibble = c.to_digit(16)? as u8;
        match high.take() {
            None => high = Some(nibble),
            Some(_) if bytes.len() == most => return None,
            Some(high) => bytes.push(high << 4 | nibble),
        }
    }
    high.is_none().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(byte: u8, size: KeySize) -> Component {
        Component(MasterKey::from_slice(&vec![byte; size.bytes()]).unwrap())
    }

    fn text(component: &Component) -> String {
        String::from_utf8(component.printed().expose().to_vec()).unwrap()
    }

    #[test]
    fn two_or_three_components_typed_back_give_their_sum() {
        for size in [KeySize::Aes128, KeySize::Aes192] {
            let typed = [0x11, 0x22, 0x44].map(|byte| Component::typed(&text(&component(byte, size))).unwrap());
            let key = MasterKey::of_components(&typed).unwrap();
            assert!(key.expose().iter().all(|byte| *byte == 0x77) && key.size() == size);
            let key = MasterKey::of_components(&typed[..2]).unwrap();
            assert!(key.expose().iter().all(|byte| *byte == 0x33));
        }
    }

    #[test]
    fn every_single_wrong_digit_of_a_component_is_found_before_the_key_is_made() {
        let right: Vec<char> = text(&component(0xA7, KeySize::Aes128)).chars().collect();
        for i in 0..right.len() {
            for wrong in "0123456789ABCDEF".chars() {
                if right[i] != wrong && right[i].is_ascii_hexdigit() {
                    let mut mistyped = right.clone();
                    mistyped[i] = wrong;
                    let mistyped: String = mistyped.into_iter().collect();
                    assert_eq!(Component::typed(&mistyped).err(), Some(KeysError::ComponentTypo), "{i} {wrong}");
                }
            }
        }
        for none in ["", "/", "00 / 66", "zz / 000000", &"0".repeat(9999)] {
            assert_eq!(Component::typed(none).err(), Some(KeysError::ComponentTypo));
        }
    }

    #[test]
    fn one_person_alone_the_same_component_twice_and_a_sum_of_nothing_make_no_key() {
        let some = |bytes: &[u8]| bytes.iter().map(|b| component(*b, KeySize::Aes128)).collect::<Vec<_>>();
        for wrong in [&[][..], &[1], &[1, 1], &[1, 2, 1], &[1, 2, 3], &[1, 2, 4, 8]] {
            assert_eq!(MasterKey::of_components(&some(wrong)).err(), Some(KeysError::Components), "{wrong:?}");
        }
        let mixed = [component(1, KeySize::Aes128), component(2, KeySize::Aes192)];
        assert_eq!(MasterKey::of_components(&mixed).err(), Some(KeysError::Components));
    }
}
