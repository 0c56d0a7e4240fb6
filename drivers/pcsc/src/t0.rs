//! APDUs over T=0, which carries data in one direction only (ISO/IEC 7816-3 §12.2): Le is left off where there is data, and
//! the answer is fetched with GET RESPONSE or asked for again with the right length.

use lanyard_apdu::{Command, Expected, Response};

/// The longest answer that is fetched, in bytes.
const LIMIT: usize = 65_536;

/// One command, one answer, over as many exchanges as it takes. What is not an APDU is sent as it is.
pub(crate) fn exchange<E>(bytes: &[u8], mut send: impl FnMut(&[u8]) -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
    let Ok(mut command) = Command::parse(bytes) else { return send(bytes) };
    if command.needs_extended() {
        return send(bytes);
    }
    if !command.data.is_empty() {
        command.expected = Expected::Nothing;
    }
    let mut fetched = Vec::new();
    let mut answer = send(&command.encode())?;
    let mut corrected = false;
    loop {
        let Ok(response) = Response::parse(&answer) else { return Ok(answer) };
        let (sw1, sw2) = (response.status.sw1(), response.status.sw2());
        fetched.extend_from_slice(&response.data);
        // A card that names the right length over and over is not followed.
        let wrong_length = sw1 == 0x6C && command.data.is_empty() && !corrected;
        if fetched.len() > LIMIT || (sw1 != 0x61 && !wrong_length) {
            fetched.extend_from_slice(&response.status.0.to_be_bytes());
            return Ok(fetched);
        }
        corrected = wrong_length;
        if !wrong_length {
            // On the channel of the command, which is in the two lowest bits of its class (ISO/IEC 7816-4 §5.4.1).
            command = Command::new(command.cla & 0x03, 0xC0, 0, 0);
        }
        command.expected = if sw2 == 0 { Expected::Any } else { Expected::UpTo(u32::from(sw2)) };
        answer = send(&command.encode())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &[u8], turns: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut turns = turns.iter();
        let answer = exchange(command, |sent| {
            let (expected, answer) = turns.next().expect("one exchange too many");
            assert_eq!(sent, *expected);
            Ok::<_, ()>(answer.to_vec())
        });
        assert!(turns.next().is_none());
        answer.unwrap()
    }

    #[test]
    fn an_answer_to_data_is_fetched_and_put_together() {
        let answer = run(
            &[0x00, 0xCB, 0x3F, 0xFF, 1, 9, 0],
            &[
                (&[0x00, 0xCB, 0x3F, 0xFF, 1, 9], &[0x61, 3]),
                (&[0x00, 0xC0, 0, 0, 3], &[1, 2, 3, 0x61, 1]),
                (&[0x00, 0xC0, 0, 0, 1], &[4, 0x90, 0]),
            ],
        );
        assert_eq!(answer, [1, 2, 3, 4, 0x90, 0]);
    }

    #[test]
    fn a_wrong_length_is_put_right_once() {
        let answer =
            run(&[0, 0xFD, 0, 0, 0], &[(&[0, 0xFD, 0, 0, 0], &[0x6C, 3]), (&[0, 0xFD, 0, 0, 3], &[5, 2, 7, 0x90, 0])]);
        assert_eq!(answer, [5, 2, 7, 0x90, 0]);
        let stubborn =
            run(&[0, 0xFD, 0, 0, 0], &[(&[0, 0xFD, 0, 0, 0], &[0x6C, 3]), (&[0, 0xFD, 0, 0, 3], &[0x6C, 4])]);
        assert_eq!(stubborn, [0x6C, 4]);
    }

    #[test]
    fn a_card_that_never_stops_is_stopped() {
        let mut sent = 0;
        let answer = exchange(&[0, 0xCA, 0, 0, 0], |_| {
            sent += 1;
            let mut piece = vec![0; 256];
            piece.extend_from_slice(&[0x61, 0]);
            Ok::<_, ()>(piece)
        });
        assert_eq!(sent, 257);
        assert_eq!(answer.unwrap().len(), 257 * 256 + 2);
    }
}
