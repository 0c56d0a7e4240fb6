//! What each kind of workflow step writes into the history, and what a house's rules let it do. Stateless and pure:
//! which step is due is `crates/workflow`'s, what is on the card is `crates/encoding`'s, what is kept is the store's.

mod entries;
mod kinds;
mod later;
mod policy;
mod stock;

pub use entries::{
    Credential, Entries, Facts, IssuedCertificate, KeyOnCard, NewPhoto, PrintedBy, Released, Tag, Technology,
    VoidParts, Written, photo_taken, voided,
};
pub use kinds::{StepKind, kinds};
pub use later::{BLANK, Keyed, checked, made_blank, next_of, rekey_begun, rekey_taken_back, rekeyed, reset_begun};
pub use policy::{
    ENCODING_CHANGE, GIVEN_RIGHTS, KEYS_MANAGE, PRINT_FILE, PolicyError, STOCK_RECEIVE, VOID_REASONS,
    may_change_encodings, may_give_right, may_manage_keys, may_print_to_file, may_receive_stock, may_take_photo,
    void_reason,
};
pub use stock::{Delivery, LIST_MOST, RANGE_MOST, Stock, StockError, Uid, stock_received, uid};
