//! Keys changed on both levels, in every kind, and key sets rolled.

use lanyard_desfire::{
    Aid, Configuration, DesfireError, KeyNo, KeySets, KeySettings, KeyType, KeyVersion, Link, Op, Reply,
};
use lanyard_virtual::Model;

use super::{Desk, How, MODELS, TestKey, application, every_way, key_no};

const NUMBER: u32 = 0x00F5_1CD8;

#[test]
fn keys_of_an_application_are_changed_from_keys_that_are_not_zero_and_tell_their_version() {
    for (model, key_type, how) in every_way() {
        let mut desk = Desk::new(model, Link::wrapped(64));
        desk.prove(How::D40, KeyNo::MASTER, &TestKey::zero(KeyType::Des));
        desk.done(Op::CreateApplication(application(NUMBER, key_type, 3)));
        desk.done(Op::SelectApplication(Aid::from_number(NUMBER)));
        let (zero, first, second) =
            (TestKey::zero(key_type), TestKey::new(key_type, 5, 0x55), TestKey::new(key_type, 6, 0x3C));
        desk.prove(how, KeyNo::MASTER, &zero);
        for (old, new) in [(&zero, &first), (&first, &second)] {
            desk.done(Op::ChangeKey { key_no: key_no(1), new: new.fresh(), old: Some(old.held()) });
            let version = desk.run(Op::GetKeyVersion(key_no(1)));
            assert_eq!(version, Reply::KeyVersion(KeyVersion(new.version)), "{model:?} {how:?}");
        }
        let master = TestKey::new(key_type, 7, 0x21);
        desk.done(Op::ChangeKey { key_no: KeyNo::MASTER, new: master.fresh(), old: None });
        desk.prove(how, key_no(1), &second);
        let refused = desk.proof(how, KeyNo::MASTER, &zero);
        assert_eq!(desk.ask(refused), Err(DesfireError::AuthRefused { key_no: 0 }), "{model:?} {how:?}");
        desk.prove(how, KeyNo::MASTER, &master);
        desk.done(Op::ChangeKeySettings(KeySettings::from_wire(0x09)));
        let Reply::Keys(keys) = desk.run(Op::GetKeySettings) else { panic!("no key settings") };
        assert_eq!((keys.settings.wire(), keys.key_type, keys.count), (0x09, key_type, 3));
    }
}

#[test]
fn the_cards_master_key_goes_round_all_kinds_and_ways() {
    let (des, three, aes) = (KeyType::Des, KeyType::ThreeKeyDes, KeyType::Aes);
    for model in MODELS {
        let mut desk = Desk::new(model, Link::wrapped(64));
        let mut now = TestKey::zero(des);
        for (n, to) in (0u8..).zip([three, des, aes, des, three, aes, three, three, aes, aes, des]) {
            let how = match now.key_type {
                KeyType::Des if n % 2 == 0 => How::D40,
                KeyType::Des | KeyType::ThreeKeyDes => How::Iso,
                KeyType::Aes => How::Aes,
            };
            desk.prove(how, KeyNo::MASTER, &now);
            let next = TestKey::new(to, 40 + n, 0x11 * n);
            desk.done(Op::ChangeKey { key_no: KeyNo::MASTER, new: next.fresh(), old: None });
            let version = desk.run(Op::GetKeyVersion(KeyNo::MASTER));
            assert_eq!(version, Reply::KeyVersion(next.fresh().version()), "{model:?} {n}");
            now = next;
        }
    }
}

#[test]
fn a_new_application_has_the_default_key_that_was_set_in_whichever_kind() {
    for model in MODELS {
        let mut desk = Desk::new(model, Link::wrapped(64));
        for (n, key_type, how) in
            [(1, KeyType::Des, How::D40), (2, KeyType::ThreeKeyDes, How::Iso), (3, KeyType::Aes, How::Aes)]
        {
            desk.done(Op::SelectApplication(Aid::PICC));
            desk.prove(How::D40, KeyNo::MASTER, &TestKey::zero(KeyType::Des));
            let default = TestKey::new(key_type, 70, 4);
            desk.done(Op::SetConfiguration(Configuration::DefaultKey(default.fresh())));
            desk.done(Op::CreateApplication(application(n, key_type, 2)));
            desk.done(Op::SelectApplication(Aid::from_number(n)));
            desk.prove(how, key_no(1), &default);
            let version = desk.run(Op::GetKeyVersion(key_no(1)));
            assert_eq!(version, Reply::KeyVersion(KeyVersion(4)), "{model:?} {key_type:?}");
        }
    }
}

#[test]
fn a_key_set_is_filled_and_rolled_and_its_keys_are_then_the_ones_in_use() {
    for model in [Model::Ev2, Model::Ev3] {
        let mut desk = Desk::new(model, Link::wrapped(64));
        let zero = TestKey::zero(KeyType::Aes);
        desk.prove(How::D40, KeyNo::MASTER, &TestKey::zero(KeyType::Des));
        let mut new = application(NUMBER, KeyType::Aes, 3);
        new.key_sets = Some(KeySets { version: KeyVersion(1), count: 2, three_key_des: false, roll_key: key_no(2) });
        desk.done(Op::CreateApplication(new));
        desk.done(Op::SelectApplication(Aid::from_number(NUMBER)));
        desk.prove(How::Ev2, KeyNo::MASTER, &zero);
        desk.done(Op::InitializeKeySet { set: 1, key_type: KeyType::Aes });
        let key = |n| TestKey::new(KeyType::Aes, 90 + n, n);
        for n in 0..3 {
            let (key_no, new) = (key_no(n), key(n).fresh());
            desk.done(Op::ChangeKeyOf { set: 1, key_no, new, old: Some(zero.held()) });
            let version = desk.run(Op::GetKeyVersionOf { set: 1, key_no });
            assert_eq!(version, Reply::KeyVersion(KeyVersion(n)));
        }
        desk.done(Op::FinalizeKeySet { set: 1, version: KeyVersion(8) });
        let versions = vec![KeyVersion(1), KeyVersion(8)];
        assert_eq!(desk.run(Op::GetKeySetVersions), Reply::KeySetVersions(versions));
        desk.prove(How::Ev2, key_no(2), &zero);
        desk.done(Op::RollKeySet { set: 1 });
        for n in 0..3 {
            desk.prove(How::Ev2, key_no(n), &key(n));
        }
        let refused = desk.proof(How::Ev2, KeyNo::MASTER, &zero);
        assert_eq!(desk.ask(refused), Err(DesfireError::AuthRefused { key_no: 0 }));
    }
}

#[test]
fn a_second_key_within_a_transaction_keeps_what_is_not_committed() {
    let mut desk = Desk::new(Model::Ev2, Link::wrapped(64));
    let zero = TestKey::zero(KeyType::Aes);
    desk.prove(How::D40, KeyNo::MASTER, &TestKey::zero(KeyType::Des));
    desk.done(Op::CreateApplication(application(NUMBER, KeyType::Aes, 3)));
    desk.done(Op::SelectApplication(Aid::from_number(NUMBER)));
    desk.prove(How::Ev2, KeyNo::MASTER, &zero);
    let rnd_a = desk.nonce();
    desk.done(Op::AuthenticateEv2NonFirst { key_no: key_no(1), key: zero.aes(), rnd_a });
    assert_eq!(desk.run(Op::GetKeyVersion(key_no(2))), Reply::KeyVersion(KeyVersion(0)));
}
