//! A PKCS#11 token as a home of master keys: they are made or taken in there, never leave it, and cards' keys are derived
//! by its own AES. Blocks on the token's module, and nothing else.

mod answer;
mod module;
mod token;

pub use token::Token;
