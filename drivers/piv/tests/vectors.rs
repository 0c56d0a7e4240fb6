//! The PIV vectors of `tests/vectors/vectors.json`, each as a test.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lanyard_apdu::{Command, DriveError, drive};
use lanyard_piv::{
    Chuid, Fascn, ManagementAlgorithm, ManagementKey, Operation, PivError, SignInput, Slot, management, slot,
};
use lanyard_secret::SecretBytes;
use serde_json::Value;

fn vector(id: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    all["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|vector| vector["id"] == id)
        .unwrap_or_else(|| panic!("{id}"))
        .clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().replace(' ', "")).unwrap()
}

/// Plays a card that answers as recorded, and asserts that it was asked as recorded; commands in pieces are put together.
fn play<T>(mut operation: Operation<T>, script: &[(Vec<u8>, Vec<u8>)]) -> Result<T, PivError> {
    let mut turns = script.iter();
    let mut gathered = Vec::new();
    let result = drive(&mut operation, |sent| {
        let command = Command::parse(sent).unwrap();
        gathered.extend_from_slice(&command.data);
        if command.cla & 0x10 != 0 {
            return Ok::<_, ()>(vec![0x90, 0]);
        }
        let (asked, answer) = turns.next().expect("asked once more than recorded");
        let mut whole = vec![command.cla, command.ins, command.p1, command.p2];
        whole.append(&mut gathered);
        assert_eq!(hex::encode_upper(whole), hex::encode_upper(asked));
        Ok(answer.clone())
    });
    assert!(turns.next().is_none(), "asked less than recorded");
    match result {
        Ok(value) => Ok(value),
        Err(DriveError::Script(error)) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

/// A recorded command of the short form without Lc and Le, as `play` compares it.
fn bare(apdu: &Value) -> Vec<u8> {
    let mut apdu = bytes(apdu);
    apdu.pop();
    apdu.remove(4);
    apdu
}

fn ok(data: &Value) -> Vec<u8> {
    let mut data = bytes(data);
    data.extend_from_slice(&[0x90, 0]);
    data
}

fn aes192_key(vector: &Value) -> ManagementKey {
    let key = SecretBytes::new(bytes(&vector["inputs"]["key_9B_aes192"]));
    ManagementKey::new(ManagementAlgorithm::Aes192, key).unwrap()
}

#[test]
fn management_authentication_with_aes192_goes_as_derived() {
    let vector = vector("piv-mgmt-auth-aes192-DERIVED");
    let challenge = bytes(&vector["inputs"]["host_challenge"]).try_into().unwrap();
    let out = &vector["outputs"];
    let script = [(bare(&out["apdu1"]), ok(&out["resp1"])), (bare(&out["apdu2"]), ok(&out["resp2"]))];
    play(management::authenticate(aes192_key(&vector), challenge), &script).unwrap();
}

#[test]
fn a_card_that_takes_our_key_without_holding_it_is_found_out() {
    let vector = vector("piv-mgmt-auth-aes192-DERIVED");
    let challenge = bytes(&vector["inputs"]["host_challenge"]).try_into().unwrap();
    let out = &vector["outputs"];
    let mut lie = ok(&out["resp2"]);
    lie[4] ^= 1;
    let script = [(bare(&out["apdu1"]), ok(&out["resp1"])), (bare(&out["apdu2"]), lie)];
    let error = play(management::authenticate(aes192_key(&vector), challenge), &script).unwrap_err();
    assert_eq!(error, PivError::ManagementUnproved);
}

#[test]
fn host_only_authentication_with_3des_answers_as_published() {
    let vector = vector("piv-mgmt-auth-3des-published-response");
    let key = SecretBytes::new(bytes(&vector["inputs"]["key_9B_3des"]));
    let key = ManagementKey::new(ManagementAlgorithm::Tdes, key).unwrap();
    let challenge = vector["outputs"]["implied_card_challenge"].as_str().unwrap();
    let response = vector["inputs"]["client_response"].as_str().unwrap();
    let script = [
        (hex::decode("0087039B7C028100").unwrap(), hex::decode(format!("7C0A8108{challenge}9000")).unwrap()),
        (hex::decode(format!("0087039B7C0A8208{response}")).unwrap(), vec![0x90, 0]),
    ];
    play(management::authenticate_host_only(key), &script).unwrap();
}

#[test]
fn an_rsa_signature_comes_back_as_published() {
    let vector = vector("piv-rsa2048-raw-sign");
    let block = bytes(&vector["inputs"]["input_block"]);
    let mut asked = hex::decode("0087079A7C820106820081820100").unwrap();
    asked.extend_from_slice(&block);
    let input = SignInput::Rsa2048Block(Box::new(block.try_into().unwrap()));
    let answer = bytes(&vector["outputs"]["response"]);
    let signature =
        play(slot::sign(Slot::Authentication, input), &[(asked, ok(&vector["outputs"]["response"]))]).unwrap();
    assert_eq!(signature, answer[8..]);
}

#[test]
fn a_fascn_is_coded_as_the_guidance_prints_it() {
    let vector = vector("piv-fascn-pacs-tig");
    let number = |name: &str| vector["inputs"][name].as_u64().unwrap();
    let names = ["agency", "system", "credential", "cs", "ici", "pi", "oc", "oi", "poa"];
    assert_eq!(Fascn::new(names.map(number)).unwrap().0.to_vec(), bytes(&vector["outputs"]["fascn"]));
}

#[test]
fn a_chuid_is_coded_as_other_software_codes_it() {
    let vector = vector("piv-chuid");
    let guid = bytes(&vector["inputs"]["guid"]).try_into().unwrap();
    let chuid = Chuid::new(Fascn::NON_FEDERAL, guid, (2030, 1, 1)).unwrap();
    assert_eq!(chuid.encode(), bytes(&vector["outputs"]["chuid_content"]));
}
