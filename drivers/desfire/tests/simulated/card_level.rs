//! The card level: what a card tells of itself, its applications, its configuration, delegations.

use lanyard_desfire::{
    Aid, CardStatus, Configuration, DelegatedApplication, DesfireError, Family, IsoApplication, IsoName, IssuerKeys,
    KeyNo, KeyType, Link, Maker, Op, Reply, SessionState, Slot, delegation_deletion_mac, originality,
};
use lanyard_virtual::{DesfireCard, Model};

use super::{Desk, How, MODELS, TestKey, UID, application};

fn factory() -> TestKey {
    TestKey::zero(KeyType::Des)
}

#[test]
fn a_card_tells_its_kind_its_uid_its_room_and_its_applications() {
    for (model, family) in [(Model::Ev1, Family::Ev1), (Model::Ev2, Family::Ev2), (Model::Ev3, Family::Ev3)] {
        let mut desk = Desk::new(model, Link::wrapped(64));
        let Reply::Version(version) = desk.run(Op::GetVersion) else { panic!("no version") };
        assert_eq!((version.family, version.storage_bytes, version.uid()), (family, 8192, Some(UID)));
        for how in [How::D40, How::Iso] {
            desk.prove(how, KeyNo::MASTER, &factory());
            assert_eq!(desk.run(Op::GetCardUid), Reply::Uid(UID), "{model:?} {how:?}");
        }
        let Reply::Memory(before) = desk.run(Op::FreeMemory) else { panic!("no memory") };
        let aids: Vec<Aid> = (1..=20).map(Aid::from_number).collect();
        let mut names = Vec::new();
        for (n, aid) in (1u16..).zip(&aids) {
            let mut new = application(aid.number(), KeyType::Aes, 1);
            if n % 4 == 0 {
                let df_name = vec![b'a' + n as u8; usize::from(n % 16) + 1];
                new.iso = Some(IsoName { fid: 0xDF00 + n, df_name: df_name.clone() });
                names.push(IsoApplication { aid: *aid, fid: 0xDF00 + n, df_name });
            }
            desk.done(Op::CreateApplication(new));
        }
        assert_eq!(desk.run(Op::GetApplicationIds), Reply::Applications(aids), "{model:?}");
        assert_eq!(desk.run(Op::GetDfNames), Reply::IsoApplications(names), "{model:?}");
        desk.done(Op::DeleteApplication(Aid::from_number(7)));
        assert!(matches!(
            desk.ask(Op::SelectApplication(Aid::from_number(7))),
            Err(DesfireError::Refused { status: CardStatus::NoSuchApplication, .. })
        ));
        desk.prove(How::D40, KeyNo::MASTER, &factory());
        desk.done(Op::FormatPicc);
        assert_eq!(desk.run(Op::GetApplicationIds), Reply::Applications(vec![]));
        assert_eq!(desk.run(Op::FreeMemory), Reply::Memory(before));
    }
}

#[test]
fn the_configuration_holds_and_what_it_forbids_is_refused() {
    for model in MODELS {
        let mut desk = Desk::new(model, Link::wrapped(64));
        desk.prove(How::Iso, KeyNo::MASTER, &factory());
        let ats = vec![6, 0x77, 0x77, 0x71, 2, 0x80];
        desk.done(Op::SetConfiguration(Configuration::Ats(ats)));
        desk.done(Op::SetConfiguration(Configuration::Picc { disable_format: true, random_uid: true }));
        assert_eq!(desk.run(Op::GetCardUid), Reply::Uid(UID));
        let refused = desk.ask(Op::FormatPicc);
        assert!(matches!(refused, Err(DesfireError::Refused { status: CardStatus::Permission, .. })), "{model:?}");
        assert_eq!(desk.host.session(), SessionState::Open);
    }
}

#[test]
fn older_messaging_once_switched_off_is_refused_and_ev2_still_works() {
    for model in [Model::Ev2, Model::Ev3] {
        let mut desk = Desk::new(model, Link::wrapped(64));
        let aes = TestKey::new(KeyType::Aes, 3, 1);
        desk.prove(How::D40, KeyNo::MASTER, &factory());
        desk.done(Op::ChangeKey { key_no: KeyNo::MASTER, new: aes.fresh(), old: None });
        desk.prove(How::Ev2, KeyNo::MASTER, &aes);
        desk.done(Op::SetConfiguration(Configuration::SecureMessaging { disable_d40: true, disable_ev1: true }));
        let old = desk.proof(How::Aes, KeyNo::MASTER, &aes);
        assert!(desk.ask(old).is_err(), "{model:?}");
        desk.prove(How::Ev2, KeyNo::MASTER, &aes);
        assert_eq!(desk.run(Op::GetCardUid), Reply::Uid(UID));
    }
}

#[test]
fn a_delegated_application_is_created_on_the_issuers_word_and_goes_on_it() {
    for model in [Model::Ev2, Model::Ev3] {
        let mut desk = Desk::new(model, Link::wrapped(64));
        let (zero, master) = (TestKey::zero(KeyType::Aes), TestKey::new(KeyType::Aes, 3, 1));
        let [auth, mac, enc] = [11, 12, 13].map(|seed| TestKey::new(KeyType::Aes, seed, 0));
        desk.prove(How::D40, KeyNo::MASTER, &factory());
        desk.done(Op::ChangeKey { key_no: KeyNo::MASTER, new: master.fresh(), old: None });
        desk.prove(How::Ev2, KeyNo::MASTER, &master);
        for (key_no, key) in [(KeyNo::DELEGATION, &auth), (KeyNo::DELEGATION_MAC, &mac), (KeyNo::DELEGATION_ENC, &enc)]
        {
            desk.done(Op::ChangeKey { key_no, new: key.fresh(), old: Some(zero.held()) });
        }
        let (mac_key, enc_key) = (mac.aes(), enc.aes());
        let issuer = IssuerKeys { mac: &mac_key, enc: &enc_key };
        let first = TestKey::new(KeyType::Aes, 30, 5);
        let new = application(0x00AB_CDEF, KeyType::Aes, 2);
        let slot = Slot { number: 0, version: 1, quota: 20 };
        let word = |random| DelegatedApplication::authorise(&new, slot, &first.fresh(), issuer, random).unwrap();
        desk.prove(How::Ev2, KeyNo::DELEGATION, &auth);
        desk.done(Op::CreateDelegatedApplication(word([1, 2, 3, 4, 5, 6, 7])));
        let Reply::DelegatedSlot(told) = desk.run(Op::GetDelegatedInfo { slot: 0 }) else { panic!("no slot") };
        assert_eq!((told.version, told.quota, told.aid), (1, 20, new.aid));
        desk.done(Op::SelectApplication(new.aid));
        desk.prove(How::Ev2, KeyNo::MASTER, &first);
        desk.done(Op::SelectApplication(Aid::PICC));
        desk.prove(How::Ev2, KeyNo::DELEGATION, &auth);
        let deletion = |mac| Op::DeleteDelegatedApplication { aid: new.aid, mac };
        assert!(desk.ask(deletion([0; 8])).is_err(), "not without the issuer's word");
        desk.prove(How::Ev2, KeyNo::DELEGATION, &auth);
        desk.done(deletion(delegation_deletion_mac(&mac_key, new.aid)));
        assert!(desk.ask(Op::SelectApplication(new.aid)).is_err());
    }
}

#[test]
fn the_makers_signature_is_read_and_holds_for_this_uid_alone() {
    // A card that others have read: `originality-sig-047728824D6580` of vectors.json.
    let uid = [0x04, 0x77, 0x28, 0x82, 0x4D, 0x65, 0x80];
    let hex = concat!(
        "9C7068636A285FEBA1E2406654009DCE6E8A9C9CE318BE0262ED1625",
        "19B970B32FB802858420D667D12CEBCD32BB4BC8AFE21C753A5A6C26"
    );
    let signature: [u8; 56] = hex::decode(hex).unwrap().try_into().unwrap();
    let card = DesfireCard::new(uid, 1).with_signature(signature);
    let mut desk = Desk::with(card, Link::wrapped(64));
    let Reply::Signature(read) = desk.run(Op::ReadSignature) else { panic!("no signature") };
    assert_eq!(originality(&uid, &read), Some(Maker::NxpEv2));
    for bit in 0..56 {
        let mut other = uid;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(originality(&other, &read), None);
    }
    assert_eq!(originality(&uid, &[0; 56]), None);
    assert_eq!(originality(&uid, &[0xFF; 56]), None);
}
